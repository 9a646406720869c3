// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "storage/collection.h"

namespace sightline::testing {

/// A Collection that lives in memory and keeps to the same rules as the embedded one, written as plainly as possible:
/// every commit copies the state, every search looks at every vector. For tests of what stands on a collection, and the
/// second implementation that the conformance suite runs over. Thread-safe.
class MemoryCollection : public storage::Collection {
 public:
  /// Errors: kInvalidArgument, as Collection::Create.
  static Result<std::unique_ptr<MemoryCollection>> Create(const storage::CollectionConfig& config);
  ~MemoryCollection() override;

  /// From now on commits fail with `error` and change nothing; nullopt lets them succeed again.
  void FailCommits(std::optional<Error> error);

  const storage::CollectionConfig& config() const override { return config_; }
  const storage::RecordStore& records() const override;
  Result<storage::AllocatedIds> AllocateIds(uint64_t items, uint64_t units) override;
  Result<Epoch> Commit(const storage::WriteSet& changes) override;
  std::shared_ptr<const storage::IndexView> View() const override;
  Status ForEachItemAfter(ItemId after, const std::function<bool(const storage::ItemRecord&)>& visit) const override;
  Result<std::vector<storage::JobRecord>> Jobs() const override;
  Result<storage::CollectionStats> Stats() const override;
  storage::IndexOptions index_options() const override;
  Status SetIndexOptions(const storage::IndexOptions& options) override;
  Status SetTrainingQueries(std::span<const float> queries) override;
  storage::CollectionSettings settings() const override;
  Status SetSettings(const storage::CollectionSettings& settings) override;
  Status SealNow(const Limits& limits) override;
  Status WaitForBackground(const Limits& limits) override;
  Result<storage::RepairReport> Repair(const Limits& limits) override;
  Result<storage::VerifyReport> Verify(const Limits& limits) const override;
  Result<storage::SnapshotInfo> Snapshot(const std::filesystem::path& out) const override;

  /// One consistent state; defined in the source file.
  struct State;

 private:
  class Records;
  explicit MemoryCollection(const storage::CollectionConfig& config);
  std::shared_ptr<const State> state() const;

  const storage::CollectionConfig config_;
  mutable std::mutex mutex_;
  std::shared_ptr<const State> state_;
  std::optional<Error> failure_;
  storage::IndexOptions index_options_;
  storage::CollectionSettings settings_;
  uint64_t next_item_ = 1;
  uint64_t next_unit_ = 1;
  std::unique_ptr<Records> records_;
};

}  // namespace sightline::testing
