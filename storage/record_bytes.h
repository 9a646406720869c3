// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sightline::storage {

// Every stored record is framed alike: one version byte, the fields, and a CRC-32 of all that (docs/STORAGE_FORMAT.md).
// Numbers are little-endian, strings and lists carry a u32 count.
static_assert(std::endian::native == std::endian::little, "records are written as the machine holds them");

/// Builds one record. Thread-compatible.
class RecordWriter {
 public:
  explicit RecordWriter(uint8_t version) { Put(version); }

  template <typename T>
  requires std::integral<T> || std::floating_point<T>
  void Put(T value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
  void PutString(std::string_view text) {
    PutCount(text.size());
    bytes_.append(text);
  }
  /// As u32. Lists and strings of 4 GiB do not come up: they would not fit into a commit.
  void PutCount(size_t count);
  void PutBytes(std::span<const std::byte> bytes) {
    bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  /// Appends the checksum of everything before it.
  void PutChecksum();
  /// The record without a checksum at its end.
  std::string Take() { return std::move(bytes_); }
  /// The record with its checksum.
  std::string Finish() {
    PutChecksum();
    return Take();
  }

 private:
  std::string bytes_;
};

/// Takes one record apart and never reads outside it. A read past the end or a value out of range makes everything
/// later read as zero and the record `bad`; look once at the end. Keeps no copy: `bytes` must outlive it.
class RecordReader {
 public:
  /// Checks the frame. A wrong checksum or another version than `version` makes the record bad at once.
  RecordReader(std::string_view bytes, uint8_t version);
  /// Reads fields without a frame; what is left when they are read is `rest()`.
  static RecordReader Unframed(std::string_view bytes) { return RecordReader(bytes); }

  template <typename T>
  requires(std::integral<T> || std::floating_point<T>) && (!std::same_as<T, bool>)T Get() {
    T value{};
    const std::string_view bytes = Take(sizeof(value));
    if (!bad_) std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }
  /// A byte that is 0 or 1.
  bool GetBool();
  std::string GetString() { return std::string(Take(Get<uint32_t>())); }
  /// A count of elements of at least `element_bytes` each, so that a wrong count cannot ask for more memory than the
  /// record is long.
  size_t GetCount(size_t element_bytes);
  std::span<const std::byte> GetBytes(size_t count) { return std::as_bytes(std::span(Take(count))); }
  /// Consumes a checksum over everything before it.
  void CheckChecksum();

  void MarkBad() { bad_ = true; }
  bool bad() const { return bad_; }
  size_t rest() const { return bytes_.size() - position_; }

  /// Success when every byte was used and nothing was wrong. Errors: kCorruption; `what` names the record.
  Status Finish(std::string_view what) const;

 private:
  explicit RecordReader(std::string_view bytes) : bytes_(bytes) {}
  std::string_view Take(size_t count);

  std::string_view bytes_;
  size_t position_ = 0;
  bool bad_ = false;
};

}  // namespace sightline::storage
