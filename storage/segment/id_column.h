// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::storage {

/// Many ids in little memory: their distance from the smallest one, in 4 bytes each where that is enough.
class IdColumn {
 public:
  IdColumn() = default;
  explicit IdColumn(std::span<const uint64_t> ids);

  size_t size() const { return narrow_.size() + wide_.size(); }
  uint64_t operator[](size_t index) const { return base_ + (wide_.empty() ? narrow_[index] : wide_[index]); }
  size_t memory_bytes() const { return narrow_.size() * sizeof(uint32_t) + wide_.size() * sizeof(uint64_t); }

  /// As stored: u64 smallest id, u8 bytes per distance (4 or 8), the distances.
  std::string Encode() const;
  /// Errors: kCorruption (not `count` of them, a width or distance that cannot be); `what` names them.
  static Result<IdColumn> Decode(std::string_view bytes, size_t count, std::string_view what);

 private:
  uint64_t base_ = 0;
  std::vector<uint32_t> narrow_;
  std::vector<uint64_t> wide_;  ///< When not empty, all of them.
};

}  // namespace sightline::storage
