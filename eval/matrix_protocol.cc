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

}  // namespace

Result<ProtocolScores> RunMatrixProtocol(const ScoreMatrix& similarity, size_t k_test, const PairScorer& scorer) {
  const size_t images = similarity.rows();
  const size_t texts = similarity.columns();
  if (k_test == 0 || k_test > std::min(images, texts)) {
    return Fail(ErrorCode::kInvalidArgument, "k_test is " + std::to_string(k_test) + ", not in 1.." +
                                                 std::to_string(std::min(images, texts)) + " (the smaller gallery)");
  }
  const auto wanted_i2t = MarkLargest(similarity, k_test);
  const auto wanted_t2i = MarkLargest(similarity.Transposed(), k_test);
  ProtocolScores out = {ScoreMatrix(images, texts, kUnscored), ScoreMatrix(texts, images, kUnscored)};
  for (size_t text = 0; text < texts; ++text) {
    std::vector<size_t> pairs;
    for (size_t image = 0; image < images; ++image) {
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

}  // namespace sightline::eval
