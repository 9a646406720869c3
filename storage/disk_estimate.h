// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "storage/index_options.h"

namespace sightline::storage {

/// What is to be stored, for an estimate. Sums over all of it.
struct PlannedRecords {
  uint64_t items = 0;
  uint64_t units = 0;
  uint64_t vectors = 0;         ///< Frame vectors too.
  uint64_t path_bytes = 0;      ///< Of the items' paths.
  uint64_t metadata_bytes = 0;  ///< Of text in the items' metadata.
  uint64_t token_bytes = 0;     ///< Patches and token states, elements and scales.
  uint64_t thumbnail_bytes = 0;
};

/// What the records take on the disk once they have left the write-ahead log: values, keys, filters and indexes of the
/// tables, after compression. Within a few per cent; measured on pictures, clips and captions (forecast_test.cc).
uint64_t EstimateDiskBytes(const PlannedRecords& records, uint32_t dim);

/// What the sealed segments of a collection of so many units and vectors take, once background work has come to rest;
/// 0 where nothing is sealed. Within a few per cent (disk_estimate_test.cc).
uint64_t EstimateSegmentBytes(const IndexOptions& options, uint64_t units, uint64_t vectors, uint32_t dim);

}  // namespace sightline::storage
