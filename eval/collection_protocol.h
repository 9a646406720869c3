// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "encoder/encoder.h"
#include "eval/gallery.h"
#include "eval/metrics.h"
#include "eval/retrieval_set.h"
#include "storage/collection.h"

namespace sightline::eval {

/// Recall of both directions by the reference's protocol.
struct MatrixReport {
  size_t images = 0;        ///< Those that are there.
  size_t captions = 0;      ///< Those whose picture is there.
  RetrievalMetrics coarse;  ///< By similarity alone.
  /// Of each k_test above 0, in their order.
  std::vector<RetrievalMetrics> reranked = {};
};

struct MatrixOptions {
  std::vector<size_t> k_tests = {0};
  std::stop_token stop = {};
  /// Called after each row of both matrices: what the greatest k_test asks of a caption or picture. May be empty.
  std::function<void(size_t done, size_t total)> on_progress = {};
};

/// The protocol of x2vlm-spec section 9.2 on the pictures of a collection: stored embeddings and patches, every caption
/// encoded once. Pictures are compared with the captions' token states as the collection stores them, where it does, as
/// a search is: rounded to int8 or fp16. Captions of missing pictures are left out; a picture without captions counts
/// as one that was not found, as in the reference. `k_test` 0 computes the coarse part only. Every pair is read once,
/// for the greatest k_test. Then the patches of all pictures, the token states of all captions and four matrices of 4
/// bytes a pair are in memory: of COCO's 5,000 and 25,010, with the base model, about 6 GB. Errors: kInvalidArgument (a
/// k_test exceeds a gallery; a caption without words), kFailedPrecondition (reranking without stored patches),
/// kCancelled, and the encoder's and the store's.
Result<MatrixReport> RunCollectionProtocol(const storage::Collection& collection, encoder::Encoder& encoder,
                                           const RetrievalSet& set, const Gallery& gallery,
                                           const MatrixOptions& options);

}  // namespace sightline::eval
