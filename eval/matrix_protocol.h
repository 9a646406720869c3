// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/token_matrix.h"
#include "encoder/encoder.h"
#include "eval/score_matrix.h"

namespace sightline::eval {

/// The raw match logit of one text against some pictures: one per entry of `images`, in order.
using PairScorer = std::function<Result<std::vector<float>>(size_t text, std::span<const size_t> images)>;

/// The raw match logit of one picture against some texts: one per entry of `texts`, in order.
using PictureScorer = std::function<Result<std::vector<float>>(size_t image, std::span<const size_t> texts)>;

/// Matrices A and B of the reference's evaluation (x2vlm-spec section 9.2).
struct ProtocolScores {
  ScoreMatrix image_to_text;  ///< pictures x texts.
  ScoreMatrix text_to_image;  ///< texts x pictures.
};

/// For every picture the k_test texts of largest similarity, and for every text the k_test pictures, get their raw
/// match logit; everything else is kUnscored. A pair that is in both lists is scored once.
/// @param similarity  pictures x texts.
/// Errors: kInvalidArgument (k_test is 0 or exceeds a gallery), and the scorer's.
Result<ProtocolScores> RunMatrixProtocol(const ScoreMatrix& similarity, size_t k_test, const PairScorer& scorer);

/// As above, with scorers of their own for the two matrices: where the texts that are found are kept in another form
/// than those that are asked. A pair that is in both lists is scored by both.
Result<ProtocolScores> RunMatrixProtocol(const ScoreMatrix& similarity, size_t k_test, const PairScorer& scorer,
                                         const PictureScorer& picture_scorer);

/// Errors: kInvalidArgument (k_test is 0 or exceeds a gallery).
Status CheckKTest(size_t images, size_t texts, size_t k_test);

/// Makes of scores of a larger k_test those of this one: what is scored for it was scored for the larger one as well.
void NarrowTo(size_t k_test, const ScoreMatrix& similarity, ProtocolScores& scores);

/// Scores pairs with Encoder::Match. All arguments must outlive the scorer.
/// @param token_states  one per text.   @param patches  one per picture.
PairScorer MatchScorer(encoder::Encoder& encoder, std::span<const TokenMatrix> token_states,
                       std::span<const TokenMatrix> patches, Limits limits);
PictureScorer PictureMatchScorer(encoder::Encoder& encoder, std::span<const TokenMatrix> token_states,
                                 std::span<const TokenMatrix> patches, Limits limits);

}  // namespace sightline::eval
