// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sightline::encoder {

/// Reads little-endian values and runs of bytes from a span, never beyond its end. Copyable; views only.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes, size_t position = 0)
      : bytes_(bytes), position_(position < bytes.size() ? position : bytes.size()) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  /// Nothing when fewer bytes are left; the position then stays.
  template <typename T>
  std::optional<T> Read() {
    if (remaining() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  std::optional<std::span<const std::byte>> ReadBytes(size_t count) {
    if (remaining() < count) return std::nullopt;
    const auto result = bytes_.subspan(position_, count);
    position_ += count;
    return result;
  }

  std::optional<std::string_view> ReadText(size_t count) {
    const auto result = ReadBytes(count);
    if (!result) return std::nullopt;
    return std::string_view(reinterpret_cast<const char*>(result->data()), result->size());
  }

 private:
  std::span<const std::byte> bytes_;
  size_t position_;
};

/// Text from a file for a message: shortened, everything but printable ASCII replaced by '?'.
inline std::string Printable(std::string_view text) {
  constexpr size_t kMaxLength = 100;
  std::string result(text.substr(0, kMaxLength));
  for (char& c : result) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text.size() > kMaxLength ? result + "..." : result;
}

}  // namespace sightline::encoder
