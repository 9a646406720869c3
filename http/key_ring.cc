// SPDX-License-Identifier: BSD-3-Clause
#include "http/key_ring.h"

#include <sys/stat.h>

#include "base/log.h"
#include "http/key_file.h"

namespace sightline::http {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
// What failed may have had no reason in the file: too many open files, a disk that was away.
constexpr std::chrono::seconds kTryAgain{1};

}  // namespace

KeyRing::Stamp KeyRing::StampOf(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return {};
  return {.device = info.st_dev,
          .inode = info.st_ino,
          .size = info.st_size,
          .modified_ns = info.st_mtim.tv_sec * kNanosecondsPerSecond + info.st_mtim.tv_nsec,
          .changed_ns = info.st_ctim.tv_sec * kNanosecondsPerSecond + info.st_ctim.tv_nsec};
}

Result<std::unique_ptr<KeyRing>> KeyRing::Open(std::filesystem::path file) {
  std::unique_ptr<KeyRing> ring(new KeyRing(std::move(file)));
  ring->stamp_ = StampOf(ring->file_);
  SL_RETURN_IF_ERROR(ring->Load());
  return ring;
}

// The stamp was taken before: a file that changes meanwhile is read once more, and never too seldom.
Status KeyRing::Load() {
  keys_.reset();
  read_at_ = Clock::now();
  auto read = ReadKeyFile(file_);
  if (!read) {
    required_ = true;
    return tl::unexpected<Error>(std::move(read).error());
  }
  required_ = required_ || read->has_value();
  keys_ = std::make_shared<const Keys>(std::move(*read).value_or(Keys()));
  return {};
}

Status KeyRing::Refresh() {
  const Stamp now = StampOf(file_);
  const bool tries_again = !keys_ && Clock::now() - read_at_ >= kTryAgain;
  if (now == stamp_ && !tries_again) return {};
  stamp_ = now;
  return Load();
}

Result<std::shared_ptr<const KeyRing::Keys>> KeyRing::Current() {
  const std::lock_guard lock(mutex_);
  if (const Status refreshed = Refresh(); !refreshed) Log(LogLevel::kError, refreshed.error().message);
  if (!keys_) return Fail(ErrorCode::kUnavailable, "the keys of this server cannot be read at the moment");
  return keys_;
}

bool KeyRing::required() {
  const std::lock_guard lock(mutex_);
  if (const Status refreshed = Refresh(); !refreshed) Log(LogLevel::kError, refreshed.error().message);
  return required_;
}

Result<std::optional<ApiKey>> KeyRing::Find(std::string_view presented) {
  SL_ASSIGN_OR_RETURN(const std::shared_ptr<const Keys> keys, Current());
  const ApiKey* key = FindKey(*keys, presented);
  if (key == nullptr) return std::nullopt;
  return *key;
}

}  // namespace sightline::http
