// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <faiss/impl/ProductQuantizer.h>

#include "base/result.h"
#include "storage/segment/row_store.h"
#include "storage/segment/sealed_segment.h"

namespace sightline::storage {

/// The sizes that an index of inverted lists is made with.
struct IvfShape {
  size_t lists = 0;
  size_t subspaces = 0;
  int bits = 0;  ///< Per code: 4 or 8.
  bool rotated = false;
  bool two_lists = false;
};

/// What `options` leaves open is chosen by the number of rows and by dim.
IvfShape ShapeFor(const IndexOptions& options, size_t rows, size_t dim);

/// What training makes.
struct IvfQuantizers {
  std::vector<float> rotation;  ///< dim x dim, row by row; empty: none. Everything below is after it.
  RowStore centroids;           ///< int8. See Note [Coarse centroids].
  faiss::ProductQuantizer codes;
};

// Note [Queries out of distribution]
// Texts do not lie among the pictures that they describe: seen from a text, its best pictures are spread over more
// lists than the neighbours of a picture are. Two things help: rows in two lists, the second chosen for what the first
// is worst at (Note [Second list]), and many lists probed, since with 4-bit codes a list costs little. Training queries
// take part in k-means, but its last rounds are over the rows alone: a centroid among queries is the first that every
// query probes, and its list is empty (measured at 96 probes: with 5 % of queries and without these rounds recall@10
// fell from 0.949 to 0.646).

/// Trains on a sample of the rows, drawn by plan.seed, and for the centroids on the training queries as well. Errors:
/// those of plan.pause.
Result<IvfQuantizers> TrainIvf(const RowStore& rows, const IvfShape& shape, const SegmentPlan& plan);

/// count vectors times the rotation; `out` may not be `values`. A copy when there is none.
void Rotate(const std::vector<float>& rotation, size_t dim, size_t count, const float* values, float* out);

}  // namespace sightline::storage
