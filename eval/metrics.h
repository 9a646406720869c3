// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "eval/score_matrix.h"

namespace sightline::eval {

/// The rank of something that was not found at all.
inline constexpr size_t kNotRanked = SIZE_MAX;

/// How many answers the reciprocal rank looks at.
inline constexpr size_t kMrrDepth = 10;

/// Which captions belong to which picture.
struct GroundTruth {
  std::vector<std::vector<size_t>> img2txt;  ///< Per picture its captions: none, one or more.
  std::vector<size_t> txt2img;               ///< Per caption its one picture.
};

/// What the ranks of all queries' answers come to.
struct RankMetrics {
  double r1 = 0;  ///< Percentage of queries whose answer is the first.
  double r5 = 0;  ///< Among the first 5.
  double r10 = 0;
  /// MRR@10: the mean of 1 / rank, counted from 1, of the answers among the first 10, and of 0 for the others. Where
  /// more is ranked it stays comparable.
  double mrr = 0;
  /// MdR, counted from 1; of an even number of queries the mean of the two in the middle. Absent without queries, and
  /// where it would be the rank of an answer that was not ranked.
  std::optional<double> median_rank = std::nullopt;
  /// MnR, counted from 1. Absent without queries, and when any answer was not ranked: nobody knows its rank.
  std::optional<double> mean_rank = std::nullopt;

  double recall_mean() const { return (r1 + r5 + r10) / 3; }
};

/// The reference's metric dictionary (x2vlm-spec section 9.3): `txt` is picture-to-text, `img` text-to-picture.
struct RetrievalMetrics {
  RankMetrics txt;
  RankMetrics img;

  double r_mean() const { return (txt.recall_mean() + img.recall_mean()) / 2; }
};

/// What a 0-based rank adds to MRR@10.
double ReciprocalRank(size_t rank);

/// Metrics of 0-based ranks; kNotRanked counts as a miss. No queries: recall 0.
RankMetrics MetricsOf(std::span<const size_t> ranks);

/// 0-based position of the best of `wanted` when `scores` are sorted in descending order, equal scores in order of
/// index. What is kUnscored has no position. kNotRanked when `wanted` has none that is scored.
size_t BestRank(std::span<const float> scores, std::span<const size_t> wanted);

/// Metrics of both directions (x2vlm-spec section 9.3).
/// @param image_to_text  pictures x texts.   @param text_to_image  texts x pictures.
/// Errors: kInvalidArgument (shapes or indices of the ground truth do not fit).
Result<RetrievalMetrics> ComputeMetrics(const ScoreMatrix& image_to_text, const ScoreMatrix& text_to_image,
                                        const GroundTruth& truth);

}  // namespace sightline::eval
