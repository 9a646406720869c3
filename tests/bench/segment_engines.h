// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/segment/sealed_segment.h"
#include "tests/bench/bench_measure.h"
#include "tests/bench/vector_data.h"

namespace sightline::bench {

/// Generated vectors as the rows of a segment: unit i + 1 is row i. They lie in `vectors` or are made as they are read.
class GeneratedRows final : public storage::RowSource {
 public:
  GeneratedRows(const VectorData& data, size_t rows, const std::vector<float>* vectors)
      : data_(data), rows_(rows), vectors_(vectors) {}

  size_t dim() const override { return data_.dim(); }
  size_t rows() const override { return rows_; }
  storage::RowInfo Info(size_t row) const override;
  void Read(size_t begin, size_t count, float* values) const override;

 private:
  const VectorData& data_;
  size_t rows_;
  const std::vector<float>* vectors_;
};

/// One way to search a segment.
struct SegmentSetting {
  uint32_t probes = 0;
  uint32_t ef_search = 0;
  uint32_t refine_factor = 0;
};

struct SegmentCase {
  std::string name;
  storage::IndexOptions options;
  std::vector<SegmentSetting> settings;
  bool train_with_queries = false;
};

/// Builds the segment and searches it with each of the settings. Train and add seconds are known together, as add.
/// @param cache  folder that segments are kept in from run to run, with their build time; empty: built every time.
std::vector<Engine> MakeSegmentEngines(const GeneratedRows& rows, const SegmentCase& segment_case,
                                       std::span<const float> training_queries, const std::string& cache);

/// What docs/PERFORMANCE.md compares at 1 M vectors.
std::vector<SegmentCase> StandardSegmentCases();
/// What it shows for 10 M.
std::vector<SegmentCase> LargeSegmentCases(uint32_t lists);

}  // namespace sightline::bench
