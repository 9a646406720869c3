// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "base/limits.h"
#include "base/result.h"
#include "http/host.h"
#include "http/media_store.h"
#include "storage/collection.h"

namespace sightline::http {

/// Removes those of `paths` that were uploaded to the collection and that no item has, with what lies beside them; all
/// others are left alone. Call it when the removal of their items is durable: an interruption in between leaves files,
/// which RemoveLeftovers finds. Errors: kDeadlineExceeded, kCancelled, those of RecordStore::FindItem and
/// MediaStore::Remove.
Status RemoveUnusedUploads(MediaStore& media, std::string_view name, const storage::Collection& collection,
                           std::span<const std::string> paths, const Limits& limits);

/// Removes what was uploaded to the collection and nothing needs any more.
///
/// Note [Leftovers of uploads]
/// A crash between a file and its record leaves a file. It is removed when no item has its path or its content and no
/// job that may still be resumed names it. The content is asked for because paths are absolute: in a data folder that
/// was moved every item has another path than its file, and its uploads must not go.
///
/// @return how many files went. Errors: kDeadlineExceeded, kCancelled, read errors of the collection, kUnavailable (a
/// folder that cannot be read, a file that cannot be removed).
Result<size_t> RemoveLeftovers(MediaStore& media, std::string_view name, const storage::Collection& collection,
                               const Limits& limits);

/// RemoveLeftovers in the background, for collections that a host opens. Thread-safe.
class UploadCleaner {
 public:
  /// Both must outlive it.
  UploadCleaner(Host& host, MediaStore& media);
  /// Ends what it does.
  ~UploadCleaner() = default;
  UploadCleaner(const UploadCleaner&) = delete;
  UploadCleaner& operator=(const UploadCleaner&) = delete;

  /// Hands in a collection, which is held for a part of its folder at a time, so that it can be dropped meanwhile.
  void Add(std::string collection);

 private:
  void Run(const std::stop_token& stop);
  Status Clean(const std::string& collection, const std::stop_token& stop);

  Host& host_;
  MediaStore& media_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::string> waiting_;
  std::jthread runner_;  ///< Last: it uses the others.
};

}  // namespace sightline::http
