// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>
#include <rocksdb/write_batch.h>

#include "base/result.h"
#include "storage/collection.h"
#include "storage/free_space.h"

namespace sightline::storage {

/// RocksDB's column families. The names are stored on disk.
enum class Family : uint8_t {
  kItems,
  kUnits,
  kVectors,
  kPatches,
  kThumbnails,
  kJobs,
  kPaths,
  kHashes,
  kMeta,
  kChanges,  ///< Since format 2.
  kTerms,    ///< Since format 2.
};
inline constexpr std::array kAllFamilies = {Family::kItems,      Family::kUnits,   Family::kVectors, Family::kPatches,
                                            Family::kThumbnails, Family::kJobs,    Family::kPaths,   Family::kHashes,
                                            Family::kMeta,       Family::kChanges, Family::kTerms};
std::string_view NameOf(Family family);

// Keys of the family `meta`.
inline constexpr std::string_view kConfigKey = "config";
inline constexpr std::string_view kCountersKey = "counters";
inline constexpr std::string_view kStateKey = "state";
inline constexpr std::string_view kManifestKey = "manifest";
inline constexpr std::string_view kIndexOptionsKey = "index";
inline constexpr std::string_view kTrainingQueriesKey = "training_queries";
inline constexpr std::string_view kSettingsKey = "settings";
inline constexpr std::string_view kTermsKey = "terms";

/// A RocksDB failure as ours, with `what` in front of RocksDB's words.
Error FromRocks(const rocksdb::Status& status, std::string_view what);

/// An open RocksDB with our column families. Thread-safe. Closes in the destructor.
class RecordDb {
 public:
  /// @param create  make a new one; otherwise there must be one. Errors: kCorruption (files are missing as well),
  /// kResourceExhausted, kUnavailable.
  static Result<std::unique_ptr<RecordDb>> Open(const std::filesystem::path& path, const OpenOptions& options,
                                                bool create);
  ~RecordDb();
  RecordDb(const RecordDb&) = delete;
  RecordDb& operator=(const RecordDb&) = delete;

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* handle(Family family) const { return handles_[1 + static_cast<size_t>(family)]; }

  /// The value of a key; nullopt when there is none. `snapshot` may be null: the newest state.
  Result<std::optional<std::string>> Get(Family family, std::string_view key,
                                         const rocksdb::Snapshot* snapshot = nullptr) const;

  /// Calls `visit(index, value)` for every key that exists. Keys are read in chunks: many big values at once are
  /// slower.
  template <typename Visit>
  Status GetMany(Family family, const std::vector<std::string>& keys, const rocksdb::Snapshot* snapshot,
                 Visit visit) const;

  /// For scans over a whole family. What it reads does not displace anything in the cache.
  std::unique_ptr<rocksdb::Iterator> NewIterator(Family family, const rocksdb::Snapshot* snapshot) const;

  /// Whether there is as much room on the disk as OpenOptions wants. Errors: kResourceExhausted.
  Status CheckRoom() const { return CheckFreeSpace(path_, min_free_bytes_); }

  /// Writes all or nothing, durably when `sync`.
  Status Write(rocksdb::WriteBatch& batch, bool sync);

 private:
  RecordDb(std::filesystem::path path, const OpenOptions& options)
      : path_(std::move(path)), min_free_bytes_(options.min_free_bytes) {}
  /// Up to kChunk keys; values and statuses have one entry per key.
  void GetChunk(Family family, const std::string* keys, size_t count, const rocksdb::Snapshot* snapshot,
                rocksdb::PinnableSlice* values, rocksdb::Status* statuses) const;

  static constexpr size_t kChunk = 16;

  const std::filesystem::path path_;
  const uint64_t min_free_bytes_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  ///< RocksDB's default one, unused; then as in kAllFamilies.
};

template <typename Visit>
Status RecordDb::GetMany(Family family, const std::vector<std::string>& keys, const rocksdb::Snapshot* snapshot,
                         Visit visit) const {
  for (size_t start = 0; start < keys.size(); start += kChunk) {
    const size_t count = std::min(kChunk, keys.size() - start);
    std::array<rocksdb::PinnableSlice, kChunk> values;
    std::array<rocksdb::Status, kChunk> statuses;
    GetChunk(family, keys.data() + start, count, snapshot, values.data(), statuses.data());
    for (size_t i = 0; i < count; ++i) {
      if (statuses[i].IsNotFound()) continue;
      if (!statuses[i].ok()) return tl::unexpected(FromRocks(statuses[i], "read " + std::string(NameOf(family))));
      SL_RETURN_IF_ERROR(visit(start + i, values[i].ToStringView()));
    }
  }
  return {};
}

}  // namespace sightline::storage
