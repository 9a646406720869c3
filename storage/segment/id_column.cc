// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/id_column.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "storage/record_bytes.h"

namespace sightline::storage {
namespace {

template <typename T>
std::string_view BytesOf(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <typename T>
std::vector<T> ValuesOf(std::span<const std::byte> bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

}  // namespace

IdColumn::IdColumn(std::span<const uint64_t> ids) {
  if (ids.empty()) return;
  const auto [smallest, largest] = std::minmax_element(ids.begin(), ids.end());
  base_ = *smallest;
  const bool is_narrow = *largest - base_ <= std::numeric_limits<uint32_t>::max();
  narrow_.reserve(is_narrow ? ids.size() : 0);
  wide_.reserve(is_narrow ? 0 : ids.size());
  for (uint64_t id : ids) {
    if (is_narrow) {
      narrow_.push_back(static_cast<uint32_t>(id - base_));
    } else {
      wide_.push_back(id - base_);
    }
  }
}

std::string IdColumn::Encode() const {
  std::string bytes;
  bytes.append(reinterpret_cast<const char*>(&base_), sizeof(base_));
  bytes.push_back(wide_.empty() ? sizeof(uint32_t) : sizeof(uint64_t));
  bytes.append(wide_.empty() ? BytesOf(narrow_) : BytesOf(wide_));
  return bytes;
}

Result<IdColumn> IdColumn::Decode(std::string_view bytes, size_t count, std::string_view what) {
  const auto bad = [what] {
    return Fail(ErrorCode::kCorruption, std::string(what).append(" contradict their format"));
  };
  RecordReader reader = RecordReader::Unframed(bytes);
  IdColumn column;
  column.base_ = reader.Get<uint64_t>();
  const auto width = reader.Get<uint8_t>();
  if (reader.bad() || (width != sizeof(uint32_t) && width != sizeof(uint64_t)) || reader.rest() / width != count ||
      reader.rest() % width != 0) {
    return bad();
  }
  const std::span<const std::byte> distances = reader.GetBytes(reader.rest());
  if (width == sizeof(uint32_t)) {
    column.narrow_ = ValuesOf<uint32_t>(distances);
  } else {
    column.wide_ = ValuesOf<uint64_t>(distances);
  }
  for (size_t i = 0; i < count; ++i) {
    if (column[i] < column.base_) return bad();  // the sum wrapped
  }
  return column;
}

}  // namespace sightline::storage
