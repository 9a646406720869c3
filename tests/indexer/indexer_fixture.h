// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "tests/indexer/index_fixture.h"
#include "tests/support/memory_collection.h"

namespace sightline::indexer {

enum class Store { kMemory, kEmbedded };

/// Runs over the collection in memory and over the real one.
class IndexerTest : public ::testing::TestWithParam<Store> {
 protected:
  void SetUp() override { Create(); }

  // A fresh collection, after `fixture_` has been set up differently.
  void Create() {
    collection_.reset();
    if (GetParam() == Store::kMemory) {
      auto made = testing::MemoryCollection::Create(fixture_.config());
      ASSERT_THAT(made, testing::IsOk());
      collection_ = *std::move(made);
    } else {
      const std::filesystem::path folder = collections_ / ("collection" + std::to_string(++created_));
      auto made = storage::Collection::Create(folder, fixture_.config());
      ASSERT_THAT(made, testing::IsOk());
      collection_ = *std::move(made);
    }
  }

  IndexReport Index(std::vector<std::filesystem::path> paths = {}, std::stop_token stop = {}) {
    auto report = fixture_.Index(*collection_, std::move(paths), std::move(stop));
    EXPECT_THAT(report, testing::IsOk());
    testing::ExpectSound(*collection_);
    return report ? *std::move(report) : IndexReport{};
  }

  uint64_t encoded() const { return fixture_.encoder.images_encoded; }
  size_t unit_count() const { return collection_->View()->unit_count(); }
  std::filesystem::path photo(const std::string& name) const { return fixture_.photo(name); }

  testing::IndexFixture fixture_;
  testing::TempDir collections_;
  int created_ = 0;
  std::unique_ptr<storage::Collection> collection_;
};

}  // namespace sightline::indexer
