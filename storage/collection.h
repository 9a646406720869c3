// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/token_matrix.h"
#include "storage/collection_settings.h"
#include "storage/index_options.h"
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
  int max_open_files = 512;                ///< Tables that stay open; fewer where the process may not have so many.
  /// A commit that adds units is refused while the disk has less free than this: bulk jobs stop before it is full.
  /// Above `write_buffer_bytes` everything that was acknowledged can still leave the write-ahead log. 0: no limit.
  uint64_t min_free_bytes = 0;
  /// Where the process that opens it listens for command lines: goes into the lock record. Empty: nowhere.
  std::string owner_socket{};
};

/// One sealed segment of the index.
struct SegmentStatus {
  uint64_t number = 0;
  IndexKind kind = IndexKind::kFlat;
  uint64_t units = 0;
  uint64_t rows = 0;
  uint64_t dead_rows = 0;  ///< Of `rows`: replaced or removed since.
  uint64_t memory_bytes = 0;
  uint64_t disk_bytes = 0;
};

/// What the index is made of, and what is done to it in the background.
struct IndexStatus {
  IndexOptions options{};
  std::vector<SegmentStatus> segments{};
  uint64_t exact_rows = 0;  ///< Vectors that are in no segment; every search looks at them.
  uint64_t exact_bytes = 0;
  std::string activity = "idle";      ///< "sealing", "merging" or "idle".
  std::string failure{};              ///< Why the last background work failed; empty: it did not.
  std::vector<std::string> damage{};  ///< Damaged files whose units are searched from the records instead.
};

struct CollectionStats {
  uint64_t items = 0;
  uint64_t units = 0;
  uint64_t vectors = 0;
  uint64_t token_bytes = 0;  ///< Patches and token states, as stored.
  uint64_t thumbnail_bytes = 0;
  uint64_t disk_bytes = 0;  ///< The whole folder.
  Epoch epoch;
  IndexStatus index{};
};

/// What Repair did.
struct RepairReport {
  std::vector<std::string> done;  ///< Empty: nothing was damaged.
  std::vector<std::string> left;  ///< Damage to what is not derived from anything, which it leaves alone.
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
  /// With options for its index. Errors: also kInvalidArgument (index options that contradict themselves or `dim`).
  static Result<std::unique_ptr<Collection>> Create(const std::filesystem::path& folder, const CollectionConfig& config,
                                                    const IndexOptions& index, const OpenOptions& options = {});
  /// Opens and recovers: whatever was acknowledged is there. Errors: kNotFound (no collection there),
  /// kFailedPrecondition (another process owns it: the message has its pid; or a newer format version), kCorruption,
  /// kResourceExhausted, kUnavailable. Damage to the index is no error: what it had is read from the records, Stats and
  /// Verify tell it, and it is made again in the background.
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

  /// Calls `visit` for every item behind the id `after`, in order of id, until it returns false. A consistent state of
  /// the moment of the call.
  virtual Status ForEachItemAfter(ItemId after, const std::function<bool(const ItemRecord&)>& visit) const = 0;
  /// Every item.
  Status ForEachItem(const std::function<bool(const ItemRecord&)>& visit) const { return ForEachItemAfter({}, visit); }

  /// All jobs, newest first.
  virtual Result<std::vector<JobRecord>> Jobs() const = 0;
  virtual Result<CollectionStats> Stats() const = 0;

  virtual IndexOptions index_options() const = 0;
  /// Search parameters take effect with the next view, the rest with the next segment. Durable. Errors:
  /// kInvalidArgument, and write errors.
  virtual Status SetIndexOptions(const IndexOptions& options) = 0;
  /// Text-query embeddings, `dim` floats each, that segments are trained with from now on; empty: none. Durable.
  /// Errors: kInvalidArgument (length, a value not finite), and write errors.
  virtual Status SetTrainingQueries(std::span<const float> queries) = 0;

  /// How it is searched where a search does not say otherwise.
  virtual CollectionSettings settings() const = 0;
  /// Replaces all of them; searches that begin later see it. Durable. Errors: those of CheckSettings, and write errors.
  virtual Status SetSettings(const CollectionSettings& settings) = 0;

  /// Makes a sealed segment of everything that is in none, unless the collection is one that is searched exactly
  /// (IndexOptions::exact_limit), and waits as WaitForBackground does.
  virtual Status SealNow(const Limits& limits = {}) = 0;
  /// Waits until the index needs no more work. Errors: kCancelled, kDeadlineExceeded, and what the work failed with.
  virtual Status WaitForBackground(const Limits& limits = {}) = 0;

  /// Makes damaged derived data again from the records, and waits until that is done. Errors: kCancelled,
  /// kDeadlineExceeded, read and write errors.
  virtual Result<RepairReport> Repair(const Limits& limits = {}) = 0;

  /// Reads everything: checksums, references between items, units, tokens and paths, and the index against the records.
  /// Findings are not errors of the call. Errors: kCancelled, and RecordStore's read errors.
  virtual Result<VerifyReport> Verify(const Limits& limits) const = 0;

  /// Makes a snapshot of one consistent state in the new folder `out` (snapshot.h): everything committed before the
  /// call, with what is sealed. Files are linked where `out` is on the collection's file system and copied otherwise.
  /// Searches and commits go on. After a failure nothing is left. Errors: kAlreadyExists (`out` is there, and is no
  /// empty folder), kUnsupported (a collection that is not on disk), kResourceExhausted, kUnavailable. Blocking I/O.
  virtual Result<SnapshotInfo> Snapshot(const std::filesystem::path& out) const = 0;

  /// Held by whoever reads records or settings and stores what follows from them, from the first read to the commit: a
  /// change that falls in between would be lost. Not recursive; hold it for one batch at most.
  std::timed_mutex& change_mutex() { return change_mutex_; }
  /// Held by a bulk job for all of its run: a collection has one at a time.
  std::mutex& job_mutex() { return job_mutex_; }

 private:
  std::timed_mutex change_mutex_;
  std::mutex job_mutex_;
};

}  // namespace sightline::storage
