// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/result.h"
#include "storage/index_options.h"
#include "storage/segment/big_buffer.h"

namespace sightline::storage {

/// A vector in the form that rows are compared with. Thread-compatible.
class RowQuery {
 private:
  friend class RowStore;
  std::vector<int16_t> values16_;  ///< int8 rows.
  std::vector<float> values_;      ///< fp16 rows.
  float scale_ = 0;
};

// Note [Rows]
// A row is one run of bytes, its scale in front of its values, so that scoring it touches no second place. A query is
// rounded to 16 bits (to fewer where dim is above 512, so that 32-bit sums cannot overflow): its error is far below
// that of the rows, and a product costs half of what it costs in floating point.

/// The rows of a segment as int8 with one scale per row, or as fp16: what candidates are scored from. Written once,
/// then read by any number of threads.
class RowStore {
 public:
  RowStore() = default;
  /// Zero rows. Throws std::bad_alloc.
  RowStore(RowFormat format, size_t dim, size_t rows);

  RowFormat format() const { return format_; }
  size_t dim() const { return dim_; }
  size_t rows() const { return rows_; }
  size_t size_bytes() const { return buffer_.size_bytes(); }
  static size_t StrideOf(RowFormat format, size_t dim);
  /// Greater magnitudes are refused in rows and queries: scores of what is left are finite.
  static constexpr float kLargestValue = 1e15f;

  /// Encodes `count` rows from `values`, row after row. int8: scale = max|x| / 127, rounded to nearest.
  /// Errors: kInvalidArgument (a value that is not finite, above kLargestValue or too large for fp16).
  Status Write(size_t begin, size_t count, const float* values);
  void Read(size_t begin, size_t count, float* values) const;

  void Prepare(std::span<const float> values, RowQuery& query) const;
  /// As a query: the row itself.
  void Prepare(size_t row, RowQuery& query) const;

  float Score(const RowQuery& query, size_t row) const;
  /// The inner product of two rows.
  float ScorePair(size_t a, size_t b) const;
  void Prefetch(size_t row) const {
    for (size_t at = 0; at < stride_; at += 64) __builtin_prefetch(Row(row) + at);
  }

  /// What is stored: rows() times the scale (int8 only) and the values, without gaps.
  std::span<const std::byte> bytes() const { return buffer_.bytes(); }
  std::span<std::byte> bytes() { return buffer_.bytes(); }
  /// After bytes() were filled from a file. Errors: kCorruption (a scale or value that cannot be).
  Status CheckValues() const;

 private:
  const std::byte* Row(size_t row) const { return buffer_.data() + row * stride_; }
  std::byte* Row(size_t row) { return buffer_.data() + row * stride_; }
  float Scale(size_t row) const {
    float scale;
    std::memcpy(&scale, Row(row), sizeof(scale));
    return scale;
  }
  const int8_t* Int8(size_t row) const { return reinterpret_cast<const int8_t*>(Row(row) + sizeof(float)); }
  const uint16_t* Half(size_t row) const { return reinterpret_cast<const uint16_t*>(Row(row)); }
  bool WriteInt8(size_t row, const float* values);
  bool WriteHalf(size_t row, const float* values);

  RowFormat format_ = RowFormat::kInt8;
  size_t dim_ = 0;
  size_t rows_ = 0;
  size_t stride_ = 0;
  BigBuffer buffer_;
};

}  // namespace sightline::storage
