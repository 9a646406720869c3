// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/metadata.h"
#include "base/result.h"
#include "base/sha256.h"

namespace sightline::http {

/// The files that were uploaded. Each is called after its own SHA-256, so the same upload is stored once:
///
///   <folder>/<collection>/3f/3fa1...c2.jpg
///
/// Thread-safe, in one process.
///
/// Note [Uploads and removals]
/// An upload is stored, then indexed, and the file's lock is held for both. An item is removed, then its file: with the
/// lock, and only when no item has the file then. So what is uploaded again meanwhile keeps its file.
class MediaStore {
 public:
  /// Makes the folder. Errors: kUnavailable, kResourceExhausted.
  static Result<std::unique_ptr<MediaStore>> Open(const std::filesystem::path& folder);

  using FileLock = std::vector<std::unique_lock<std::timed_mutex>>;
  /// Holds the locks of these files (Note [Uploads and removals]). Errors: kDeadlineExceeded, kCancelled.
  Result<FileLock> Lock(std::span<const std::filesystem::path> files, const Limits& limits);

  /// Where these bytes are kept, or would be. @param extension  without a dot.
  std::filesystem::path PathOf(std::string_view collection, std::string_view content, std::string_view extension) const;

  /// Stores `content` under a path of PathOf; durable when it returns. @return whether it was not there before.
  /// Errors: kResourceExhausted (disk full), kUnavailable. Call it with the file's lock.
  Result<bool> Put(const std::filesystem::path& path, std::string_view content);

  /// Stores a small file whose name does not follow from its content. Durable. Errors: as Put.
  Status Replace(const std::filesystem::path& path, std::string_view content);

  /// Whether `path` is one of a file that was uploaded to this collection. Looks at the name only.
  bool Owns(std::string_view collection, const std::filesystem::path& path) const;

  /// Where a file that was uploaded to another collection, or in another data folder, lies once `collection` of this
  /// one has it too. Nothing when `path` is none of such a file. Looks at the name only.
  std::optional<std::filesystem::path> PathIn(std::string_view collection, const std::filesystem::path& path) const;

  /// Gives an uploaded file a second name, one of PathIn; a copy where the file system has no second name for it.
  /// Durable once the folder of `to` is synced, which is left to the caller because many share one. @return whether
  /// there is such a file. Errors: kResourceExhausted (disk full), kUnavailable. Call it with the file's lock.
  Result<bool> Share(const std::filesystem::path& from, const std::filesystem::path& to);

  /// The folders that files of a collection lie in, sorted; none when nothing was uploaded. Errors: kUnavailable.
  Result<std::vector<std::filesystem::path>> FoldersOf(std::string_view collection) const;

  /// The files in one of these, sorted, those of interrupted writes included. Errors: kUnavailable.
  static Result<std::vector<std::filesystem::path>> FilesIn(const std::filesystem::path& folder);

  /// What all files of one upload have in common, and whose lock is theirs: its path without an ending.
  static std::filesystem::path UploadOf(const std::filesystem::path& file);

  /// Removes an uploaded file and what lies beside it under its name. One that is gone is no error. Call it with the
  /// file's lock. Errors: kUnavailable.
  Status Remove(const std::filesystem::path& path);

  /// Removes everything that was uploaded to a collection. Errors: kUnavailable.
  Status Drop(std::string_view collection);

  /// Notes durably that a collection is about to be dropped with its uploads, so that a crash between the two leaves
  /// no uploads: the next FinishDrops removes them. Drop and ForgetDrop end it. `collection` must be a valid name.
  /// Errors: as Put.
  Status BeginDrop(std::string_view collection);
  /// Errors: kUnavailable.
  Status ForgetDrop(std::string_view collection);
  /// Ends what was begun: drops the uploads of collections that are not in `names`. Errors: kUnavailable.
  Status FinishDrops(std::span<const std::string> names);

  /// Held while a collection is made, and while one is dropped with its uploads, so that no new one of the same name
  /// loses its own.
  std::mutex& lifetimes_mutex() { return lifetimes_mutex_; }

  const std::filesystem::path& folder() const { return folder_; }

 private:
  explicit MediaStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  bool IsUpload(const std::filesystem::path& path) const;

  const std::filesystem::path folder_;      ///< All links resolved, as the paths of items are.
  std::array<std::timed_mutex, 64> locks_;  ///< A file's is chosen by its name.
  std::mutex lifetimes_mutex_;
};

}  // namespace sightline::http
