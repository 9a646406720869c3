// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "storage/collection.h"

/// Snapshots: a collection as it was at one moment, in a folder of its own (docs/STORAGE_FORMAT.md, section 6).
namespace sightline::storage {

/// One file of a snapshot.
struct SnapshotFile {
  std::string name;  ///< Relative to the snapshot's folder, as `records/000012.sst`.
  uint64_t size_bytes = 0;

  friend bool operator==(const SnapshotFile&, const SnapshotFile&) = default;
};

/// What the file `SNAPSHOT` says.
struct SnapshotManifest {
  SnapshotInfo info;
  std::vector<SnapshotFile> files;  ///< In order of their names.

  friend bool operator==(const SnapshotManifest&, const SnapshotManifest&) = default;
};
std::string EncodeSnapshotManifest(const SnapshotManifest& manifest);
/// Errors: kCorruption, kFailedPrecondition (a newer format of snapshots or collections).
Result<SnapshotManifest> DecodeSnapshotManifest(std::string_view text);

/// Reads a snapshot's account of itself and compares it with the files that are there; their content is not read.
/// Errors: kNotFound (no folder, no snapshot, or one that was never finished), kCorruption (the account cannot be read;
/// a file is missing or has another size), kFailedPrecondition (newer format), kUnavailable.
Result<SnapshotManifest> CheckSnapshot(const std::filesystem::path& folder);

/// Makes a new collection in `folder` of a snapshot. Its files are linked where both lie on one file system and copied
/// otherwise; neither the snapshot nor what is made of it ever changes them. All tables, segments and records are read
/// and compared (Verify) before the collection exists: what is damaged is never restored. After a failure no collection
/// is there. Errors: those of CheckSnapshot; kCorruption (the first finding of the comparison); kAlreadyExists (there
/// is a collection), kFailedPrecondition (the folder holds something else, or is locked), kCancelled,
/// kResourceExhausted, kUnavailable. Blocking I/O.
Result<SnapshotInfo> RestoreSnapshot(const std::filesystem::path& snapshot, const std::filesystem::path& folder,
                                     const Limits& limits);

}  // namespace sightline::storage
