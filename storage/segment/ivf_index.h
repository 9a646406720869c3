// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "storage/segment/candidate_index.h"

namespace sightline::storage {

// Inverted lists of product codes: kinds ivfpq (8 bits per subspace) and ivfpq_fastscan (4 bits, scored 32 at a time).

/// Segments below this are scanned: that is as fast, and there is too little to train with.
constexpr size_t kMinIvfRows = 512;

/// Trains and fills the lists. Uses as many threads as OpenMP would in the calling thread.
/// @param rows  at least kMinIvfRows; must outlive the index.   Errors: those of plan.pause.
Result<std::unique_ptr<const CandidateIndex>> BuildIvfIndex(const RowStore& rows, const SegmentPlan& plan);
/// Null when the file has no lists. Errors: kCorruption, kUnavailable.
Result<std::unique_ptr<const CandidateIndex>> LoadIvfIndex(SegmentFileReader& file, const RowStore& rows);

}  // namespace sightline::storage
