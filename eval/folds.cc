// SPDX-License-Identifier: BSD-3-Clause
#include "eval/folds.h"

#include <optional>
#include <string>
#include <utility>

namespace sightline::eval {
namespace {

std::optional<double> MeanOf(std::span<const RankMetrics> folds, std::optional<double> RankMetrics::*rank) {
  double sum = 0;
  for (const RankMetrics& fold : folds) {
    if (!(fold.*rank)) return std::nullopt;
    sum += *(fold.*rank);
  }
  return sum / static_cast<double>(folds.size());
}

double MeanOf(std::span<const RankMetrics> folds, double RankMetrics::*figure) {
  double sum = 0;
  for (const RankMetrics& fold : folds) sum += fold.*figure;
  return sum / static_cast<double>(folds.size());
}

}  // namespace

Result<std::vector<Fold>> CutIntoFolds(const RetrievalSet& set, size_t folds) {
  const size_t images = set.images.size();
  if (folds == 0 || (folds > 1 && folds > images)) {
    return Fail(ErrorCode::kInvalidArgument,
                std::to_string(images) + " pictures cannot be cut into " + std::to_string(folds) + " folds");
  }
  std::vector<Fold> out(folds);
  std::vector<size_t> fold_of_image(images);
  for (size_t f = 0; f < folds; ++f) {
    out[f].first_image = f * images / folds;
    out[f].set.has_videos = set.has_videos;
    for (size_t i = out[f].first_image; i < (f + 1) * images / folds; ++i) {
      out[f].set.images.push_back(set.images[i]);
      fold_of_image[i] = f;
    }
  }
  for (size_t c = 0; c < set.captions.size(); ++c) {
    const EvalCaption& caption = set.captions[c];
    Fold& fold = out[fold_of_image[caption.image]];
    fold.set.captions.push_back({.text = caption.text, .image = caption.image - fold.first_image});
    fold.caption_numbers.push_back(c);
  }
  out.front().set.left_out = set.left_out;
  return out;
}

std::vector<QueryOutcome> InWholeSet(std::vector<QueryOutcome> outcomes, const Fold& fold, Direction direction) {
  for (QueryOutcome& outcome : outcomes) {
    outcome.image += fold.first_image;
    outcome.asked = direction == Direction::kTextToImage ? fold.caption_numbers[outcome.asked] : outcome.image;
  }
  return outcomes;
}

RankMetrics AverageOf(std::span<const RankMetrics> folds) {
  if (folds.empty()) return {};
  return {.r1 = MeanOf(folds, &RankMetrics::r1),
          .r5 = MeanOf(folds, &RankMetrics::r5),
          .r10 = MeanOf(folds, &RankMetrics::r10),
          .mrr = MeanOf(folds, &RankMetrics::mrr),
          .median_rank = MeanOf(folds, &RankMetrics::median_rank),
          .mean_rank = MeanOf(folds, &RankMetrics::mean_rank)};
}

}  // namespace sightline::eval
