// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/limits.h"
#include "storage/index_policy.h"
#include "storage/index_records.h"
#include "storage/index_recovery.h"
#include "storage/rocksdb_record_store.h"
#include "storage/segmented_index.h"

namespace sightline::storage {

/// Seals, merges and compacts the segments of one collection on a thread of its own, which has the lowest priority,
/// waits while searches run, and stops within a fraction of a second. A step that fails changes nothing; it is tried
/// again a minute later, or when asked for. Thread-safe.
class IndexWorker {
 public:
  /// @param commits  held while a commit is applied to records and index; taken for a moment to set fresh rows aside.
  /// Store, index and mutex must outlive the worker.
  IndexWorker(std::filesystem::path collection, RocksDbRecordStore& store, SegmentedIndex& index, std::mutex& commits);
  ~IndexWorker() { Stop(); }

  /// Begins with what recovering the index found. While the worker is stopped.
  void Start(const RecoveredIndex& recovered);
  /// Ends the thread; Start, Resume or the destructor comes next.
  void Stop();
  void Resume();

  /// After every commit: `units` units were changed. Cheap.
  void Notice(size_t units);
  /// Makes a segment of what is fresh, however little it is, unless the collection is one that keeps everything exact;
  /// then waits as Wait does.
  Status SealNow(const Limits& limits);
  /// Returns when nothing is left to do. Errors: those of limits, and what the last step failed with.
  Status Wait(const Limits& limits);

  /// Held while the manifest is written and files go with it: who holds it sees both as they belong together.
  std::mutex& files_mutex() { return files_mutex_; }

  struct Progress {
    std::string_view activity;        ///< "sealing", "merging", "idle".
    std::optional<Error> failure;     ///< What the last step failed with.
    std::vector<std::string> damage;  ///< Damaged derived data that was not made again yet.
  };
  Progress progress() const;

 private:
  std::optional<IndexTask> DueTask() const;  ///< With mutex_.
  void Run(const std::stop_token& stop);
  Status Do(const IndexTask& task);
  Status Seal();
  Status Merge(const std::vector<uint64_t>& numbers);
  Result<std::shared_ptr<const SegmentSlot>> Build(const RowSource& source);
  Status Publish(SegmentedIndex::Replacement replacement, Epoch covered);
  Status Pause();

  const std::filesystem::path collection_;
  RocksDbRecordStore& store_;
  SegmentedIndex& index_;
  std::mutex& commits_;

  // Of the worker's thread alone, while it runs.
  Manifest manifest_;               ///< As stored.
  std::vector<uint64_t> unusable_;  ///< Of its segments.
  std::chrono::steady_clock::time_point resumed_at_{};
  std::stop_token stop_;

  std::mutex files_mutex_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::condition_variable_any idle_;
  bool seal_wanted_ = false;
  bool is_running_ = false;
  std::string_view activity_ = "idle";
  std::optional<Error> failure_;
  std::chrono::steady_clock::time_point retry_at_{};
  std::vector<std::string> damage_;
  uint64_t changes_ = 0;  ///< In the change log, about.
  std::jthread thread_;
};

}  // namespace sightline::storage
