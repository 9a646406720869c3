// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/token_matrix.h"
#include "storage/record_store.h"
#include "storage/records.h"
#include "storage/vector_index.h"

namespace sightline::storage {

/// How patches and token states are kept.
enum class PatchStorage : uint8_t {
  kInt8 = 1,
  kFp16 = 2,
  kNone = 3,  ///< Encoded again from the media file at rerank time.
};
std::string_view NameOf(PatchStorage storage);

/// Fixed when a collection is created; stored in it.
struct CollectionConfig {
  std::string model_name;         ///< For people; "none" for raw vectors.
  std::string model_fingerprint;  ///< Empty for raw vectors.
  uint32_t dim = 0;               ///< Floats per embedding; 1..65536.
  PatchStorage patch_storage = PatchStorage::kInt8;

  friend bool operator==(const CollectionConfig&, const CollectionConfig&) = default;
};

struct OpenOptions {
  /// Off only to show that the crash tests detect it: a commit is then acknowledged before it is durable.
  bool sync_commits = true;
  int background_threads = 2;              ///< RocksDB's flushes and compactions; at least 2.
  size_t write_buffer_bytes = 128u << 20;  ///< Memory for changes that are in the write-ahead log only.
  size_t block_cache_bytes = 256u << 20;   ///< Memory for what was read; half for patches and thumbnails.
  size_t filter_cache_bytes = 32u << 20;   ///< Memory for the items of conditions that were searched for.
  int max_open_files = 512;
};

struct CollectionStats {
  uint64_t items = 0;
  uint64_t units = 0;
  uint64_t vectors = 0;
  uint64_t token_bytes = 0;  ///< Patches and token states, as stored.
  uint64_t thumbnail_bytes = 0;
  uint64_t disk_bytes = 0;  ///< The whole folder.
  Epoch epoch;
};

/// One thing that Verify found wrong.
struct VerifyFinding {
  std::string what;  ///< For a person, with the id in it.
};
struct VerifyReport {
  uint64_t items_checked = 0;
  uint64_t units_checked = 0;
  std::vector<VerifyFinding> findings;  ///< Empty: both sides agree.
};

/// What a snapshot holds.
struct SnapshotInfo {
  uint32_t format_version = 0;  ///< Of the collection.
  int64_t created_at = 0;       ///< Seconds since 1970.
  Epoch epoch;                  ///< When it was begun; later commits may be in it. So for the counts.
  uint64_t items = 0;
  uint64_t units = 0;
  uint64_t vectors = 0;
  uint64_t files = 0;
  uint64_t size_bytes = 0;  ///< Of all files; what is linked takes no room of its own.

  friend bool operator==(const SnapshotInfo&, const SnapshotInfo&) = default;
};

/// A named set of items searched together: one folder on disk, owned by one process at a time (docs/STORAGE_FORMAT.md).
/// Joins the RecordStore and the VectorIndex so that both change together. Thread-safe. References from records() die
/// with it; a view may live longer, and the folder stays locked as long as one does.
class Collection {
 public:
  /// Makes the folder and an empty collection in it. Errors: kAlreadyExists (there is one), kInvalidArgument (config),
  /// kFailedPrecondition (locked), kResourceExhausted, kUnavailable.
  static Result<std::unique_ptr<Collection>> Create(const std::filesystem::path& folder, const CollectionConfig& config,
                                                    const OpenOptions& options = {});
  /// Opens and recovers: whatever was acknowledged is there. Errors: kNotFound (no collection there),
  /// kFailedPrecondition (another process owns it: the message has its pid; or a newer format version), kCorruption,
  /// kResourceExhausted, kUnavailable.
  static Result<std::unique_ptr<Collection>> Open(const std::filesystem::path& folder, const OpenOptions& options = {});

  virtual ~Collection() = default;

  virtual const CollectionConfig& config() const = 0;
  virtual const RecordStore& records() const = 0;
  /// As RecordStore's.
  virtual Result<AllocatedIds> AllocateIds(uint64_t items, uint64_t units) = 0;

  /// RecordStore::Commit, then the index: views taken after it returns see the change.
  virtual Result<Epoch> Commit(const WriteSet& changes) = 0;

  /// The searchable state now.
  virtual std::shared_ptr<const IndexView> View() const = 0;

  /// Calls `visit` for every item in order of id until it returns false. A consistent state of the moment of the call.
  virtual Status ForEachItem(const std::function<bool(const ItemRecord&)>& visit) const = 0;

  /// All jobs, newest first.
  virtual Result<std::vector<JobRecord>> Jobs() const = 0;
  virtual Result<CollectionStats> Stats() const = 0;

  /// Reads everything: checksums, references between items, units, tokens and paths, and the index against the records.
  /// Findings are not errors of the call. Errors: kCancelled, and RecordStore's read errors.
  virtual Result<VerifyReport> Verify(const Limits& limits) const = 0;

  /// Makes a snapshot of one consistent state in the new folder `out` (snapshot.h): everything committed before the
  /// call, with what is sealed. Files are linked where `out` is on the collection's file system and copied otherwise.
  /// Searches and commits go on. After a failure nothing is left. Errors: kAlreadyExists (`out` is there, and is no
  /// empty folder), kUnsupported (a collection that is not on disk), kResourceExhausted, kUnavailable. Blocking I/O.
  virtual Result<SnapshotInfo> Snapshot(const std::filesystem::path& out) const = 0;
};

}  // namespace sightline::storage
