// SPDX-License-Identifier: BSD-3-Clause
#include "app/removal.h"

#include <chrono>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/support/memory_collection.h"
#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsErrorWith;
using testing::IsOk;
using testing::MemoryCollection;

class RemoverTest : public ::testing::Test {
 protected:
  RemoverTest() : collection_(*MemoryCollection::Create({.model_name = "none", .model_fingerprint = "", .dim = 2})) {}

  ItemId Add(const std::vector<std::string>& paths) {
    const auto ids = collection_->AllocateIds(1, 1);
    storage::WriteSet changes;
    storage::ItemRecord item;
    item.id = ids->first_item;
    for (const std::string& path : paths) item.paths.push_back({.path = path});
    item.units = {ids->first_unit};
    storage::NewUnit unit;
    unit.record.id = ids->first_unit;
    unit.record.item = item.id;
    unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = {1, 0}}};
    changes.put_items = {item};
    changes.put_units = {unit};
    EXPECT_THAT(collection_->Commit(changes), IsOk());
    return item.id;
  }

  storage::ItemRecord Item(ItemId id) { return (*collection_->records().GetItems(std::span(&id, 1)))[0].value(); }
  std::vector<uint64_t> Items() {
    std::vector<uint64_t> ids;
    EXPECT_THAT(collection_->ForEachItem([&](const storage::ItemRecord& item) {
      ids.push_back(item.id.value);
      return true;
    }),
                IsOk());
    return ids;
  }
  Removal All(ItemId id) {
    return PlanRemoval(Item(id), [](const std::string&) { return true; });
  }

  std::unique_ptr<MemoryCollection> collection_;
};

TEST_F(RemoverTest, AnItemGoesWithItsLastPathOnly) {
  const ItemId both = Add({"/a", "/b"});
  const Removal one = PlanRemoval(Item(both), [](const std::string& path) { return path == "/a"; });
  EXPECT_THAT(one.removed_paths, ElementsAre("/a"));
  EXPECT_EQ(one.remaining_path, "/b");
  ASSERT_EQ(one.changes.put_items.size(), 1U);
  EXPECT_THAT(one.changes.remove_items, IsEmpty());
  const Removal none = PlanRemoval(Item(both), [](const std::string&) { return true; });
  EXPECT_EQ(none.remaining_path, "");
  EXPECT_THAT(none.changes.remove_items, ElementsAre(both));
}

TEST_F(RemoverTest, RemovalsAreTakenTogetherAndWaitForTheirCommit) {
  for (int i = 0; i < 5; ++i) Add({fmt::format("/{}", i)});
  ::testing::internal::CaptureStdout();
  Remover remover(*collection_, {});
  const Epoch before = collection_->View()->epoch();
  for (uint64_t id = 1; id <= 3; ++id) ASSERT_THAT(remover.Add(All(ItemId{id})), IsOk());
  EXPECT_TRUE(remover.IsPending(ItemId{2}));
  EXPECT_FALSE(remover.IsPending(ItemId{4}));
  EXPECT_EQ(Items().size(), 5U);
  ASSERT_THAT(remover.Flush(), IsOk());
  EXPECT_FALSE(remover.IsPending(ItemId{2}));
  EXPECT_THAT(Items(), ElementsAre(4, 5));
  EXPECT_EQ(collection_->View()->epoch().value, before.value + 1) << "one commit for all";
  ASSERT_THAT(remover.Flush(), IsOk());
  EXPECT_EQ(collection_->View()->epoch().value, before.value + 1);
  EXPECT_EQ(remover.count(), 3U);
  ::testing::internal::GetCapturedStdout();
}

TEST_F(RemoverTest, ItemsThatStayKeepWhatChangedSinceTheyWerePlanned) {
  const ItemId both = Add({"/a", "/b"});
  ::testing::internal::CaptureStdout();
  Remover remover(*collection_, {});
  ASSERT_THAT(remover.Add(PlanRemoval(Item(both), [](const std::string& path) { return path == "/a"; })), IsOk());
  storage::WriteSet meanwhile;
  meanwhile.put_items = {Item(both)};
  meanwhile.put_items[0].metadata["stars"] = {int64_t{5}};
  ASSERT_THAT(collection_->Commit(meanwhile), IsOk());
  ASSERT_THAT(remover.Flush(), IsOk());
  ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(Item(both).metadata, meanwhile.put_items[0].metadata);
  EXPECT_THAT(Item(both).paths, ElementsAre(storage::ItemPath{.path = "/b"}));
}

TEST_F(RemoverTest, WhatIsToldIsRemovedAndWhatCouldNotBeIsNot) {
  for (int i = 0; i < 2; ++i) Add({fmt::format("/{}", i)});
  Remover remover(*collection_, {});
  ::testing::internal::CaptureStdout();
  ASSERT_THAT(remover.Add(All(ItemId{1})), IsOk());
  ASSERT_THAT(remover.Flush(), IsOk());
  collection_->FailCommits(Error{ErrorCode::kResourceExhausted, "the disk is full"});
  ASSERT_THAT(remover.Add(All(ItemId{2})), IsOk());
  EXPECT_THAT(remover.Flush(), IsErrorWith(ErrorCode::kResourceExhausted, "full"));
  const std::string told = ::testing::internal::GetCapturedStdout();
  EXPECT_NE(told.find("/0"), std::string::npos);
  EXPECT_EQ(told.find("/1"), std::string::npos) << told;
  EXPECT_THAT(Items(), ElementsAre(2));
}

TEST_F(RemoverTest, ADryRunTellsAndCommitsNothing) {
  Add({"/a"});
  Remover remover(*collection_, {.dry_run = true, .json = true});
  ::testing::internal::CaptureStdout();
  ASSERT_THAT(remover.Add(All(ItemId{1})), IsOk());
  ASSERT_THAT(remover.Flush(), IsOk());
  EXPECT_EQ(::testing::internal::GetCapturedStdout(),
            "{\"item_id\":1,\"removed_paths\":[\"/a\"],\"item_removed\":true,\"dry_run\":true}\n");
  EXPECT_THAT(Items(), ElementsAre(1));
}

}  // namespace
}  // namespace sightline::app
