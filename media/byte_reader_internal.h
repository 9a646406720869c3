// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sightline::media {

using ByteSpan = std::span<const std::byte>;

/// The `count` bytes at `offset` as an unsigned number, 1 to 4 of them; 0 when they are not all there.
inline uint32_t ReadBigEndian(ByteSpan bytes, size_t offset, size_t count) {
  if (offset > bytes.size() || bytes.size() - offset < count) return 0;
  uint32_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | std::to_integer<uint32_t>(bytes[offset + i]);
  return value;
}

/// As ReadBigEndian, least significant byte first.
inline uint32_t ReadLittleEndian(ByteSpan bytes, size_t offset, size_t count) {
  if (offset > bytes.size() || bytes.size() - offset < count) return 0;
  uint32_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | std::to_integer<uint32_t>(bytes[offset + i]);
  return value;
}

/// The bytes from `offset` on as characters, at most `count`, fewer at the end.
inline std::string_view TextAt(ByteSpan bytes, size_t offset, size_t count) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return offset > text.size() ? std::string_view() : text.substr(offset, count);
}

}  // namespace sightline::media
