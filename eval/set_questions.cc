// SPDX-License-Identifier: BSD-3-Clause
#include "eval/set_questions.h"

#include <optional>
#include <utility>

namespace sightline::eval {
namespace {

std::vector<SetQuestion> TextQuestions(const RetrievalSet& set, const Gallery& gallery) {
  std::vector<SetQuestion> questions;
  for (size_t i = 0; i < set.captions.size(); ++i) {
    const EvalCaption& caption = set.captions[i];
    const std::optional<ItemId>& image = gallery.images[caption.image];
    if (!image) continue;
    SetQuestion& question = questions.emplace_back(SetQuestion{.asked = i, .image = caption.image});
    question.query.text = caption.text;
    question.wanted = {*image};
  }
  return questions;
}

std::vector<SetQuestion> ImageQuestions(const RetrievalSet& set, const Gallery& gallery) {
  std::vector<SetQuestion> questions;
  for (size_t i = 0; i < set.images.size(); ++i) {
    questions.emplace_back(SetQuestion{.asked = i, .image = i}).query.item = gallery.images[i];
  }
  for (size_t i = 0; i < set.captions.size(); ++i) {
    if (gallery.captions[i]) questions[set.captions[i].image].wanted.push_back(*gallery.captions[i]);
  }
  std::erase_if(questions, [](const SetQuestion& question) { return !question.query.item || question.wanted.empty(); });
  return questions;
}

}  // namespace

std::vector<SetQuestion> QuestionsOf(const RetrievalSet& set, const Gallery& gallery, Direction direction) {
  return direction == Direction::kTextToImage ? TextQuestions(set, gallery) : ImageQuestions(set, gallery);
}

query::SearchRequest RequestFor(const SetQuestion& question, Direction direction, std::stop_token stop) {
  query::SearchRequest request;
  request.query = question.query;
  request.filter.types = {UnitType::kText};
  if (direction == Direction::kTextToImage) request.filter.types = {UnitType::kImage, UnitType::kClip};
  request.join_clips = false;
  request.limits.stop = std::move(stop);
  return request;
}

}  // namespace sightline::eval
