// SPDX-License-Identifier: BSD-3-Clause
#include "eval/matrix_protocol.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

namespace sightline::eval {
namespace {

std::vector<size_t> LargestK(std::span<const float> scores, size_t k) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(k);
  std::partial_sort(order.begin(), end, order.end(),
                    [&](size_t a, size_t b) { return scores[a] > scores[b] || (scores[a] == scores[b] && a < b); });
  order.resize(k);
  return order;
}

// Marks which pairs are wanted: [row][column] of the K largest of each row.
std::vector<std::vector<bool>> MarkLargest(const ScoreMatrix& scores, size_t k) {
  std::vector<std::vector<bool>> marked(scores.rows(), std::vector<bool>(scores.columns(), false));
  for (size_t row = 0; row < scores.rows(); ++row) {
    for (const size_t column : LargestK(scores.row(row), k)) marked[row][column] = true;
  }
  return marked;
}

// What is marked in a row.
std::vector<size_t> MarkedIn(const std::vector<bool>& row) {
  std::vector<size_t> columns;
  for (size_t column = 0; column < row.size(); ++column) {
    if (row[column]) columns.push_back(column);
  }
  return columns;
}

ProtocolScores Unscored(const ScoreMatrix& similarity) {
  const size_t images = similarity.rows();
  const size_t texts = similarity.columns();
  return {ScoreMatrix(images, texts, kUnscored), ScoreMatrix(texts, images, kUnscored)};
}

// Leaves the scores of the K most similar of each row.
void KeepLargest(const ScoreMatrix& similarity, size_t k, ScoreMatrix& scores) {
  for (size_t row = 0; row < similarity.rows(); ++row) {
    std::vector<bool> kept(similarity.columns(), false);
    for (const size_t column : LargestK(similarity.row(row), k)) kept[column] = true;
    for (size_t column = 0; column < kept.size(); ++column) {
      if (!kept[column]) scores.set(row, column, kUnscored);
    }
  }
}

}  // namespace

Status CheckKTest(size_t images, size_t texts, size_t k_test) {
  const size_t smaller = std::min(images, texts);
  if (k_test > 0 && k_test <= smaller) return {};
  return Fail(ErrorCode::kInvalidArgument, "k_test is " + std::to_string(k_test) + ", not in 1.." +
                                               std::to_string(smaller) + " (the smaller gallery)");
}

void NarrowTo(size_t k_test, const ScoreMatrix& similarity, ProtocolScores& scores) {
  KeepLargest(similarity, k_test, scores.image_to_text);
  KeepLargest(similarity.Transposed(), k_test, scores.text_to_image);
}

Result<ProtocolScores> RunMatrixProtocol(const ScoreMatrix& similarity, size_t k_test, const PairScorer& scorer) {
  SL_RETURN_IF_ERROR(CheckKTest(similarity.rows(), similarity.columns(), k_test));
  const auto wanted_i2t = MarkLargest(similarity, k_test);
  const auto wanted_t2i = MarkLargest(similarity.Transposed(), k_test);
  ProtocolScores out = Unscored(similarity);
  for (size_t text = 0; text < similarity.columns(); ++text) {
    std::vector<size_t> pairs;
    for (size_t image = 0; image < similarity.rows(); ++image) {
      if (wanted_i2t[image][text] || wanted_t2i[text][image]) pairs.push_back(image);
    }
    SL_ASSIGN_OR_RETURN(const std::vector<float> logits, scorer(text, pairs));
    for (size_t i = 0; i < pairs.size(); ++i) {
      if (wanted_i2t[pairs[i]][text]) out.image_to_text.set(pairs[i], text, logits[i]);
      if (wanted_t2i[text][pairs[i]]) out.text_to_image.set(text, pairs[i], logits[i]);
    }
  }
  return out;
}

Result<ProtocolScores> RunMatrixProtocol(const ScoreMatrix& similarity, size_t k_test, const PairScorer& scorer,
                                         const PictureScorer& picture_scorer) {
  SL_RETURN_IF_ERROR(CheckKTest(similarity.rows(), similarity.columns(), k_test));
  const auto wanted_i2t = MarkLargest(similarity, k_test);
  const auto wanted_t2i = MarkLargest(similarity.Transposed(), k_test);
  ProtocolScores out = Unscored(similarity);
  for (size_t text = 0; text < similarity.columns(); ++text) {
    const std::vector<size_t> images = MarkedIn(wanted_t2i[text]);
    SL_ASSIGN_OR_RETURN(const std::vector<float> logits, scorer(text, images));
    for (size_t i = 0; i < images.size(); ++i) out.text_to_image.set(text, images[i], logits[i]);
  }
  for (size_t image = 0; image < similarity.rows(); ++image) {
    const std::vector<size_t> texts = MarkedIn(wanted_i2t[image]);
    SL_ASSIGN_OR_RETURN(const std::vector<float> logits, picture_scorer(image, texts));
    for (size_t i = 0; i < texts.size(); ++i) out.image_to_text.set(image, texts[i], logits[i]);
  }
  return out;
}

PairScorer MatchScorer(encoder::Encoder& encoder, std::span<const TokenMatrix> token_states,
                       std::span<const TokenMatrix> patches, Limits limits) {
  return [&encoder, token_states, patches, limits](size_t text,
                                                   std::span<const size_t> images) -> Result<std::vector<float>> {
    std::vector<const TokenMatrix*> matrices;
    for (const size_t image : images) matrices.push_back(&patches[image]);
    const encoder::MatchRequest request = {.token_states = &token_states[text], .patches = matrices, .limits = limits};
    auto logits = encoder.Match(std::span(&request, 1));
    return std::move(logits[0]);
  };
}

PictureScorer PictureMatchScorer(encoder::Encoder& encoder, std::span<const TokenMatrix> token_states,
                                 std::span<const TokenMatrix> patches, Limits limits) {
  return [&encoder, token_states, patches, limits](size_t image,
                                                   std::span<const size_t> texts) -> Result<std::vector<float>> {
    const TokenMatrix* const matrix = &patches[image];
    std::vector<encoder::MatchRequest> requests;
    for (const size_t text : texts) {
      requests.push_back({.token_states = &token_states[text], .patches = std::span(&matrix, 1), .limits = limits});
    }
    std::vector<float> out;
    for (auto& logits : encoder.Match(requests)) {
      if (!logits) return tl::unexpected<Error>(std::move(logits).error());
      out.push_back(logits->front());
    }
    return out;
  };
}

}  // namespace sightline::eval
