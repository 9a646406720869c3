// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace sightline::media {

/// Where media bytes come from: a whole file, a range of one (a tar member), or memory (an upload). A small value;
/// copies share the bytes. Thread-compatible.
class Source {
 public:
  /// The file is opened when it is read, not here.
  static Source FromFile(std::filesystem::path path);
  /// `size_bytes` bytes of the file from `offset_bytes` on; `name` stands for it in messages.
  static Source FromFileRange(std::filesystem::path path, uint64_t offset_bytes, uint64_t size_bytes, std::string name);
  static Source FromMemory(std::vector<std::byte> bytes, std::string name);
  /// Shares the bytes, which must not be null.
  static Source FromMemory(std::shared_ptr<const std::vector<std::byte>> bytes, std::string name);

  /// The path, or the given name: for messages only.
  const std::string& name() const { return name_; }

  /// All bytes. Errors: kNotFound, kInvalidArgument (a folder, a device), kResourceExhausted (more than max_bytes),
  /// kCorruption (the file is shorter than the range), kUnavailable (cannot be read).
  Result<std::shared_ptr<const std::vector<std::byte>>> ReadAll(uint64_t max_bytes) const;

 private:
  friend class SourceReader;
  Source() = default;

  std::string name_;
  std::filesystem::path path_;
  uint64_t offset_bytes_ = 0;
  uint64_t size_bytes_ = UINT64_MAX;  ///< UINT64_MAX: to the end of the file.
  std::shared_ptr<const std::vector<std::byte>> memory_;
};

}  // namespace sightline::media
