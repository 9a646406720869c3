// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "storage/segment/sealed_segment.h"

namespace sightline::storage::testing {

/// Keeps the calling thread's OpenMP to one thread, with which equal plans give equal segments.
void UseOneThread();

/// Rows in memory.
struct TestRows : RowSource {
  size_t width = 0;
  std::vector<RowInfo> info;
  std::vector<float> values;

  size_t dim() const override { return width; }
  size_t rows() const override { return info.size(); }
  RowInfo Info(size_t row) const override { return info[row]; }
  void Read(size_t begin, size_t count, float* out) const override;
  std::span<const float> row(size_t index) const { return std::span(values).subspan(index * width, width); }
};

/// `count` unit vectors around `centres` centres whose spectrum decays, as embeddings do; one unit and one item each,
/// units 10, 20, 30, ... of items 1, 2, 3, ... Equal seeds give equal rows.
TestRows MakeRows(size_t count, size_t dim, uint64_t seed, size_t centres = 200);
/// As MakeRows, and each unit has `frames` frames after its own vector.
TestRows MakeRowsWithFrames(size_t units, size_t dim, size_t frames, uint64_t seed);
/// Queries near the rows but set off by one constant vector, as texts are from pictures.
std::vector<std::vector<float>> MakeQueries(const TestRows& rows, size_t count, uint64_t seed);

/// The best rows by scores in double precision, best first, of those that `allows`.
std::vector<uint32_t> BestRows(const TestRows& rows, std::span<const float> query, size_t count,
                               const std::function<bool(uint32_t)>& allows = {});

/// Allows what a function allows.
class FunctionSelector : public RowSelector {
 public:
  explicit FunctionSelector(std::function<bool(uint32_t)> allows) : allows_(std::move(allows)) {}
  bool Allows(uint32_t row) const override { return allows_(row); }

 private:
  std::function<bool(uint32_t)> allows_;
};

/// The mean share of the 10 best rows that searches of `segment` find.
double RecallAt10(const SealedSegment& segment, const TestRows& rows, const std::vector<std::vector<float>>& queries,
                  SegmentSearch search = {}, const std::function<bool(uint32_t)>& allows = {});

}  // namespace sightline::storage::testing
