// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/row_store.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/token_matrix.h"
#include "storage/segment/row_kernels.h"

namespace sightline::storage {
namespace {

/// The largest magnitude; not finite when one of the values is not.
float LargestOf(const float* values, size_t count) {
  float largest = 0;
  float zero = 0;  // or NaN
  for (size_t i = 0; i < count; ++i) {
    largest = std::max(largest, std::fabs(values[i]));
    zero += values[i] * 0.0f;
  }
  return largest + zero;
}

/// The IEEE bit pattern says "infinite or not a number".
bool IsFiniteHalf(uint16_t half) { return (half & 0x7c00u) != 0x7c00u; }

}  // namespace

RowStore::RowStore(RowFormat format, size_t dim, size_t rows)
    : format_(format), dim_(dim), rows_(rows), stride_(StrideOf(format, dim)), buffer_(rows * stride_) {}

size_t RowStore::StrideOf(RowFormat format, size_t dim) {
  return format == RowFormat::kInt8 ? sizeof(float) + dim : dim * sizeof(uint16_t);
}

Status RowStore::Write(size_t begin, size_t count, const float* values) {
  for (size_t i = 0; i < count; ++i) {
    const float* row = values + i * dim_;
    const bool written = format_ == RowFormat::kInt8 ? WriteInt8(begin + i, row) : WriteHalf(begin + i, row);
    if (!written) {
      return Fail(ErrorCode::kInvalidArgument,
                  "row " + std::to_string(begin + i) + " has a value that is not finite or too large");
    }
  }
  return {};
}

bool RowStore::WriteInt8(size_t row, const float* values) {
  const float largest = LargestOf(values, dim_);
  if (!(largest <= kLargestValue)) return false;
  const float scale = largest / 127.0f;
  const float inverse = scale > 0 ? 1.0f / scale : 0.0f;
  if (!std::isfinite(inverse)) return WriteInt8(row, std::vector<float>(dim_, 0.0f).data());  // it is as good as zero
  std::memcpy(Row(row), &scale, sizeof(scale));
  auto* out = reinterpret_cast<int8_t*>(Row(row) + sizeof(float));
  for (size_t i = 0; i < dim_; ++i) {
    out[i] = static_cast<int8_t>(std::clamp(std::lrintf(values[i] * inverse), -127l, 127l));
  }
  return true;
}

bool RowStore::WriteHalf(size_t row, const float* values) {
  auto* out = reinterpret_cast<uint16_t*>(Row(row));
  bool finite = true;
  for (size_t i = 0; i < dim_; ++i) {
    out[i] = FloatToHalf(values[i]);
    finite = finite && IsFiniteHalf(out[i]);
  }
  return finite;
}

void RowStore::Read(size_t begin, size_t count, float* values) const {
  for (size_t row = begin; row < begin + count; ++row, values += dim_) {
    if (format_ == RowFormat::kInt8) {
      const float scale = Scale(row);
      const int8_t* in = Int8(row);
      for (size_t i = 0; i < dim_; ++i) values[i] = static_cast<float>(in[i]) * scale;
    } else {
      const uint16_t* in = Half(row);
      for (size_t i = 0; i < dim_; ++i) values[i] = HalfToFloat(in[i]);
    }
  }
}

void RowStore::Prepare(std::span<const float> values, RowQuery& query) const {
  if (format_ == RowFormat::kFp16) {
    query.values_.assign(values.begin(), values.end());
    return;
  }
  const float largest = LargestOf(values.data(), values.size());
  query.scale_ = largest / static_cast<float>(MaxQueryValue(dim_));
  const float inverse = query.scale_ > 0 ? 1.0f / query.scale_ : 0.0f;
  const auto limit = static_cast<long>(MaxQueryValue(dim_));
  query.values16_.resize(dim_);
  for (size_t i = 0; i < dim_; ++i) {
    query.values16_[i] = static_cast<int16_t>(std::clamp(std::lrintf(values[i] * inverse), -limit, limit));
  }
}

void RowStore::Prepare(size_t row, RowQuery& query) const {
  if (format_ == RowFormat::kFp16) {
    query.values_.resize(dim_);
    Read(row, 1, query.values_.data());
    return;
  }
  query.scale_ = Scale(row);
  query.values16_.assign(Int8(row), Int8(row) + dim_);
}

float RowStore::Score(const RowQuery& query, size_t row) const {
  if (format_ == RowFormat::kFp16) return DotFloatHalf(query.values_.data(), Half(row), dim_);
  return static_cast<float>(DotInt16Int8(query.values16_.data(), Int8(row), dim_)) * (query.scale_ * Scale(row));
}

float RowStore::ScorePair(size_t a, size_t b) const {
  if (format_ == RowFormat::kFp16) return DotHalfHalf(Half(a), Half(b), dim_);
  return static_cast<float>(DotInt8Int8(Int8(a), Int8(b), dim_)) * (Scale(a) * Scale(b));
}

Status RowStore::CheckValues() const {
  for (size_t row = 0; row < rows_; ++row) {
    bool good = true;
    if (format_ == RowFormat::kInt8) {
      good = Scale(row) <= kLargestValue && !std::signbit(Scale(row));
    } else {
      good = std::all_of(Half(row), Half(row) + dim_, IsFiniteHalf);
    }
    if (!good) return Fail(ErrorCode::kCorruption, "row " + std::to_string(row) + " is not a row");
  }
  return {};
}

}  // namespace sightline::storage
