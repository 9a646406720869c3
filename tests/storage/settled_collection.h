// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "storage/collection.h"
#include "tests/support/test_support.h"

namespace sightline::testing {

/// A collection whose views wait until the background has nothing left to do: whatever the machine, in them everything
/// that was committed is sealed and merged as far as it will be.
class SettledCollection : public storage::Collection {
 public:
  explicit SettledCollection(std::unique_ptr<storage::Collection> inner) : inner_(std::move(inner)) {}

  std::shared_ptr<const storage::IndexView> View() const override {
    EXPECT_THAT(inner_->WaitForBackground(), IsOk());
    return inner_->View();
  }

  const storage::CollectionConfig& config() const override { return inner_->config(); }
  const storage::RecordStore& records() const override { return inner_->records(); }
  Result<Epoch> Commit(const storage::WriteSet& changes) override { return inner_->Commit(changes); }
  Result<storage::AllocatedIds> AllocateIds(uint64_t items, uint64_t units) override {
    return inner_->AllocateIds(items, units);
  }
  Status ForEachItemAfter(ItemId after, const std::function<bool(const storage::ItemRecord&)>& visit) const override {
    return inner_->ForEachItemAfter(after, visit);
  }
  Result<std::vector<storage::JobRecord>> Jobs() const override { return inner_->Jobs(); }
  Result<storage::CollectionStats> Stats() const override { return inner_->Stats(); }
  storage::IndexOptions index_options() const override { return inner_->index_options(); }
  Status SetIndexOptions(const storage::IndexOptions& options) override { return inner_->SetIndexOptions(options); }
  Status SetTrainingQueries(std::span<const float> queries) override { return inner_->SetTrainingQueries(queries); }
  storage::CollectionSettings settings() const override { return inner_->settings(); }
  Status SetSettings(const storage::CollectionSettings& settings) override { return inner_->SetSettings(settings); }
  Status SealNow(const Limits& limits) override { return inner_->SealNow(limits); }
  Status WaitForBackground(const Limits& limits) override { return inner_->WaitForBackground(limits); }
  Result<storage::RepairReport> Repair(const Limits& limits) override { return inner_->Repair(limits); }
  Result<storage::VerifyReport> Verify(const Limits& limits) const override { return inner_->Verify(limits); }
  Result<storage::SnapshotInfo> Snapshot(const std::filesystem::path& out) const override {
    return inner_->Snapshot(out);
  }

 private:
  const std::unique_ptr<storage::Collection> inner_;
};

}  // namespace sightline::testing
