// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/api_key.h"

namespace sightline::http {

/// The keys of a file as they are now: a change counts from the next call on. Thread-safe.
///
/// Once there was a file, keys are asked for until the program ends. A file that is removed, or that cannot be read any
/// more, lets nobody in: losing it must not open the door.
class KeyRing {
 public:
  /// The file need not be there. Errors: those of ReadKeyFile.
  static Result<std::unique_ptr<KeyRing>> Open(std::filesystem::path file);

  /// Whether nobody gets in without a key. One stat(2) call.
  bool required();

  /// The key that `presented` is, or nothing. One stat(2) call; reads the file when it has changed, and once a second
  /// while it cannot be read. Errors:
  /// kUnavailable (it cannot be read; the log says why, the message does not, because anybody may see it).
  Result<std::optional<ApiKey>> Find(std::string_view presented);

 private:
  /// Which state of the file was read. All zero: there was none.
  struct Stamp {
    uint64_t device = 0;
    uint64_t inode = 0;
    int64_t size = 0;
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  using Keys = std::vector<ApiKey>;
  using Clock = std::chrono::steady_clock;

  explicit KeyRing(std::filesystem::path file) : file_(std::move(file)) {}
  static Stamp StampOf(const std::filesystem::path& file);
  Status Load();
  Status Refresh();
  Result<std::shared_ptr<const Keys>> Current();

  const std::filesystem::path file_;
  std::mutex mutex_;
  Stamp stamp_;
  bool required_ = false;
  std::shared_ptr<const Keys> keys_;  ///< Null: the file could not be read; it is tried again now and then.
  Clock::time_point read_at_;
};

}  // namespace sightline::http
