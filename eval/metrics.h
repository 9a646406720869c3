// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "eval/score_matrix.h"

namespace sightline::eval {

/// The rank of something that was not found at all.
inline constexpr size_t kNotRanked = SIZE_MAX;

/// Which captions belong to which picture.
struct GroundTruth {
  std::vector<std::vector<size_t>> img2txt;  ///< Per picture its captions: none, one or more.
  std::vector<size_t> txt2img;               ///< Per caption its one picture.
};

/// Percentages of queries whose answer is among the first 1, 5, 10.
struct Recall {
  double r1 = 0;
  double r5 = 0;
  double r10 = 0;

  double mean() const { return (r1 + r5 + r10) / 3; }
};

/// The reference's metric dictionary (x2vlm-spec section 9.3): `txt` is picture-to-text, `img` text-to-picture.
struct RetrievalMetrics {
  Recall txt;
  Recall img;

  double r_mean() const { return (txt.mean() + img.mean()) / 2; }
};

/// Recall over 0-based ranks; kNotRanked counts as a miss. No queries: zeros.
Recall RecallOf(std::span<const size_t> ranks);

/// 0-based position of the best of `wanted` when `scores` are sorted in descending order, equal scores in order of
/// index. kNotRanked when `wanted` is empty.
size_t BestRank(std::span<const float> scores, std::span<const size_t> wanted);

/// Metrics of both directions (x2vlm-spec section 9.3).
/// @param image_to_text  pictures x texts.   @param text_to_image  texts x pictures.
/// Errors: kInvalidArgument (shapes or indices of the ground truth do not fit).
Result<RetrievalMetrics> ComputeMetrics(const ScoreMatrix& image_to_text, const ScoreMatrix& text_to_image,
                                        const GroundTruth& truth);

}  // namespace sightline::eval
