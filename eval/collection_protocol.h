// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>

#include "base/result.h"
#include "encoder/encoder.h"
#include "eval/gallery.h"
#include "eval/metrics.h"
#include "eval/retrieval_set.h"
#include "storage/collection.h"

namespace sightline::eval {

/// Recall of both directions by the reference's protocol.
struct MatrixReport {
  size_t images = 0;                         ///< Those that are there.
  size_t captions = 0;                       ///< Those whose picture is there.
  RetrievalMetrics coarse;                   ///< By similarity alone.
  std::optional<RetrievalMetrics> reranked;  ///< With k_test above 0.
};

/// The protocol of x2vlm-spec section 9.2 on the pictures of a collection: stored embeddings and patches, every caption
/// encoded once. Pictures are compared with the captions' token states as the collection stores them, where it does, as
/// a search is: rounded to int8 or fp16. Captions of missing pictures are left out. `k_test` 0 computes the coarse part
/// only. Holds the patches of all pictures in memory when k_test is above 0. Errors: kInvalidArgument (k_test exceeds a
/// gallery; a caption without words), kFailedPrecondition (reranking without stored patches), kCancelled, and the
/// encoder's and the store's.
Result<MatrixReport> RunCollectionProtocol(const storage::Collection& collection, encoder::Encoder& encoder,
                                           const RetrievalSet& set, const Gallery& gallery, size_t k_test,
                                           std::stop_token stop);

}  // namespace sightline::eval
