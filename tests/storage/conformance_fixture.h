// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "storage/collection.h"
#include "tests/storage/sample_records.h"
#include "tests/storage/settled_collection.h"
#include "tests/support/memory_collection.h"
#include "tests/support/test_support.h"

namespace sightline::testing {

/// An implementation that the conformance suite runs over.
struct ConformanceKind {
  std::string name;
  /// Makes an empty collection in `folder`, which does not exist yet.
  std::function<Result<std::unique_ptr<storage::Collection>>(const std::filesystem::path& folder,
                                                             const storage::CollectionConfig& config)>
      make;
  /// Of the true best units, how many a search finds at least, on average. 1: search is exact.
  double recall = 1;

  friend void PrintTo(const ConformanceKind& kind, std::ostream* out) { *out << kind.name; }
};

/// All of them: a new one is added here.
inline std::vector<ConformanceKind> ConformanceKinds() {
  return {
      {.name = "Embedded",
       .make = [](const auto& folder, const auto& config) { return storage::Collection::Create(folder, config); }},
      // Seals and merges all the time. What a test sees of that depends on the machine ...
      {.name = "Segmented",
       .make =
           [](const auto& folder, const auto& config) {
             return storage::Collection::Create(folder, config, {.kind = storage::IndexKind::kFlat, .seal_rows = 3});
           }},
      // ... and here it sees all of it.
      {.name = "Settled",
       .make = [](const auto& folder, const auto& config) -> Result<std::unique_ptr<storage::Collection>> {
         SL_ASSIGN_OR_RETURN(auto made, storage::Collection::Create(
                                            folder, config, {.kind = storage::IndexKind::kFlat, .seal_rows = 3}));
         return std::make_unique<SettledCollection>(std::move(made));
       }},
      {.name = "Memory",
       .make = [](const auto&, const auto& config) -> Result<std::unique_ptr<storage::Collection>> {
         return MemoryCollection::Create(config);
       }},
  };
}

inline std::string NameOfKind(const ::testing::TestParamInfo<ConformanceKind>& tested) { return tested.param.name; }

/// A collection of 16 floats per vector, made anew for each test and verified after it.
class ConformanceTest : public ::testing::TestWithParam<ConformanceKind> {
 protected:
  static constexpr uint32_t kDim = 16;

  std::unique_ptr<storage::Collection> Make(storage::PatchStorage patches = storage::PatchStorage::kInt8) {
    std::string name("c");
    name += std::to_string(made_++);
    auto made = GetParam().make(folder_ / name, {"small", "fingerprint", kDim, patches});
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }
  void SetUp() override { collection_ = Make(); }
  void TearDown() override {
    const auto report = collection_->Verify({});
    ASSERT_THAT(report, IsOk());
    for (const auto& finding : report->findings) ADD_FAILURE() << finding.what;
  }

  Sample Sampled(const std::string& path, uint64_t seed, size_t vectors = 1) {
    return MakeSample(*collection_, path, seed, vectors);
  }
  /// A sample that is committed already.
  Sample Added(const std::string& path, uint64_t seed, size_t vectors = 1) {
    Sample sample = Sampled(path, seed, vectors);
    EXPECT_THAT(collection_->Commit(Put({sample})), IsOk());
    return sample;
  }
  std::optional<storage::ItemRecord> Item(ItemId id) { return (*collection_->records().GetItems({{id}}))[0]; }
  bool HasUnit(UnitId id) { return (*collection_->records().GetUnits({{id}}))[0].has_value(); }
  std::vector<UnitId> Search(const Embedding& query, size_t k, const Filter* filter = nullptr) {
    storage::SearchOptions options{.k = k, .filter = filter, .limits = {}};
    const auto found = collection_->View()->Search(query, options);
    EXPECT_THAT(found, IsOk());
    std::vector<UnitId> units;
    for (const auto& neighbor : *found) units.push_back(neighbor.unit);
    return units;
  }
  /// Commits and expects that nothing changes.
  void ExpectRefused(const storage::WriteSet& changes, const std::string& part) {
    const Epoch before = collection_->View()->epoch();
    const auto stats = collection_->Stats();
    EXPECT_THAT(collection_->Commit(changes), IsErrorWith(ErrorCode::kInvalidArgument, part));
    EXPECT_EQ(collection_->View()->epoch(), before);
    EXPECT_EQ(collection_->Stats()->items, stats->items);
    EXPECT_EQ(collection_->Stats()->units, stats->units);
  }

  TempDir folder_;
  int made_ = 0;
  std::unique_ptr<storage::Collection> collection_;
};

}  // namespace sightline::testing
