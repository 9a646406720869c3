// SPDX-License-Identifier: BSD-3-Clause
// The secondary index follows every commit, and what it says about filters is what Matches says.
#include <map>

#include "storage/item_set_internal.h"
#include "storage/record_codec.h"
#include "storage/rocksdb_record_store.h"
#include "storage/term_index_internal.h"
#include "storage/term_keys.h"
#include "tests/storage/random_filters.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::RandomFilters;
using ::testing::SizeIs;
using testing::TempDir;

namespace fs = std::filesystem;

const CollectionConfig kConfig{"none", "", 4, PatchStorage::kNone};

class TermsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = RocksDbRecordStore::Create(folder_, kConfig, {});
    ASSERT_THAT(made, IsOk());
    store_ = *std::move(made);
  }

  void Reopen() {
    store_.reset();
    auto opened = RocksDbRecordStore::Open(folder_, {});
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
  }

  /// Closes the store, changes what it wrote, and opens it again.
  void ChangeBehindItsBack(const std::function<void(RecordDb&, rocksdb::WriteBatch&)>& change) {
    store_.reset();
    {
      const auto db = RecordDb::Open(folder_, {}, false);
      ASSERT_THAT(db, IsOk());
      rocksdb::WriteBatch batch;
      change(**db, batch);
      ASSERT_THAT((*db)->Write(batch, true), IsOk());
    }
    Reopen();
  }

  ItemRecord MakeItem(Metadata metadata, std::vector<std::string> paths) {
    ItemRecord item;
    item.id = store_->AllocateIds(1, 0)->first_item;
    item.metadata = std::move(metadata);
    for (std::string& path : paths) item.paths.push_back({std::move(path), 1, 1});
    return item;
  }
  ItemRecord RandomItem(RandomFilters& random) {
    ItemRecord item = MakeItem(random.MakeMetadata(), {});
    for (size_t paths = 1 + (random.Pick(5) == 0 ? 1 : 0); paths > 0; --paths) {
      item.paths.push_back({random.MakePath(++paths_made_), 1, 1});
    }
    return item;
  }

  void Commit(const WriteSet& changes) {
    ASSERT_THAT(store_->Commit(changes), IsOk());
    for (const ItemRecord& item : changes.put_items) items_[item.id] = item;
    for (const ItemId id : changes.remove_items) items_.erase(id);
  }

  /// Adds some items, replaces some, removes some.
  void CommitAtRandom(RandomFilters& random) {
    WriteSet changes;
    for (auto& [id, item] : items_) {
      const size_t fate = random.Pick(8);
      if (fate == 0) changes.remove_items.push_back(id);
      if (fate != 1) continue;
      ItemRecord changed = RandomItem(random);
      changed.id = id;
      changes.put_items.push_back(std::move(changed));
    }
    for (int i = 0; i < 60; ++i) changes.put_items.push_back(RandomItem(random));
    Commit(changes);
  }

  FilterPlan Plan(const Filter& filter) {
    const auto plan = store_->Plan(filter, {});
    EXPECT_THAT(plan, IsOk());
    return plan.value_or(FilterPlan{});
  }

  std::vector<VerifyFinding> Findings() {
    VerifyReport report;
    EXPECT_THAT(store_->Verify(*store_->Freeze(), {}, report), IsOk());
    return report.findings;
  }
  void ExpectFinding(const std::string& part) {
    EXPECT_THAT(Findings(), Contains(Field(&VerifyFinding::what, HasSubstr(part))));
  }

  TempDir scratch_;
  const fs::path folder_ = scratch_ / "records";
  std::unique_ptr<RocksDbRecordStore> store_;
  std::map<ItemId, ItemRecord> items_;
  uint64_t paths_made_ = 0;
};

Filter Must(FilterClause clause) {
  Filter filter;
  filter.must.push_back(std::move(clause));
  return filter;
}

/// What passes lies between the two sets.
void ExpectAgreement(const FilterPlan& plan, const Filter& filter, const std::map<ItemId, ItemRecord>& items) {
  const ItemBounds bounds = plan.items != nullptr ? *plan.items : ItemBounds{};
  for (const auto& [id, item] : items) {
    for (const UnitType type : {UnitType::kImage, UnitType::kClip}) {
      const bool passes = Matches(filter, type, item.paths.front().path, item.metadata);
      ASSERT_TRUE(passes || !bounds.sure.Has(id)) << "item " << id.value;
      ASSERT_TRUE(!passes || bounds.possible.Has(id)) << "item " << id.value;
    }
  }
}

TEST_F(TermsTest, SayWhatMatchesSays) {
  RandomFilters random(7);
  size_t exact = 0;
  for (int round = 0; round < 5; ++round) {
    CommitAtRandom(random);
    for (int i = 0; i < 200; ++i) {
      Filter filter = random.MakeFilter();
      filter.types.clear();
      const FilterPlan plan = Plan(filter);
      ExpectAgreement(plan, filter, items_);
      if (::testing::Test::HasFatalFailure()) return;
      exact += plan.is_exact ? 1 : 0;
      // Again, from what is kept.
      const FilterPlan again = Plan(filter);
      EXPECT_EQ(again.terms_read, 0u);
      EXPECT_EQ(again.items_possible, plan.items_possible);
      ExpectAgreement(again, filter, items_);
    }
  }
  // Keys and texts that are too long, ranges over text and types inside are what the records decide.
  EXPECT_GT(exact, 400u);
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(TermsTest, OneConditionIsDecidedWithoutRecords) {
  WriteSet changes;
  for (int64_t i = 0; i < 100; ++i) {
    changes.put_items.push_back(MakeItem({{"n", {i}}, {"tag", {i % 2 == 0 ? "even" : "odd"}}},
                                         {std::string(i < 30 ? "/a/" : "/b/").append(std::to_string(i))}));
  }
  Commit(changes);
  const auto possible = [this](FilterClause clause) {
    const FilterPlan plan = Plan(Must(std::move(clause)));
    EXPECT_TRUE(plan.is_exact);
    return plan.items_possible;
  };
  EXPECT_EQ(possible(MatchCondition{"tag", {std::string("even")}}), 50u);
  EXPECT_EQ(possible(MatchCondition{"n", {3.0, int64_t{4}}}), 2u);
  EXPECT_EQ(possible(RangeCondition{.key = "n", .gt = 9.5, .gte = {}, .lt = int64_t{20}, .lte = {}}), 10u);
  EXPECT_EQ(possible(PrefixCondition{"tag", "o"}), 50u);
  EXPECT_EQ(possible(PrefixCondition{"path", "/a/"}), 30u);
  EXPECT_EQ(possible(ExistsCondition{"n"}), 100u);
  EXPECT_EQ(possible(ExistsCondition{"path"}), 100u);
  EXPECT_EQ(possible(ExistsCondition{"m"}), 0u);
}

TEST_F(TermsTest, StrategyFollowsTheShareThatPasses) {
  WriteSet changes;
  for (int64_t i = 0; i < 4000; ++i) {
    changes.put_items.push_back(MakeItem({{"n", {i}}}, {"/a/" + std::to_string(i)}));
  }
  Commit(changes);
  const auto strategy = [this](int64_t below) {
    return Plan(Must(RangeCondition{.key = "n", .gt = {}, .gte = {}, .lt = below, .lte = {}})).strategy;
  };
  EXPECT_EQ(strategy(200), FilterStrategy::kDirectScan);
  EXPECT_EQ(strategy(1500), FilterStrategy::kSelector);
  EXPECT_EQ(strategy(3000), FilterStrategy::kPostFilter);
  Filter types;
  types.types = {UnitType::kClip};
  EXPECT_EQ(Plan(types).strategy, FilterStrategy::kNone);
}

TEST_F(TermsTest, WhatIsTooMuchToReadIsLeftToTheRecords) {
  WriteSet changes;
  std::vector<MetadataValue> values;
  for (int64_t i = 0; i < 256; ++i) values.emplace_back(i);
  for (int i = 0; i < 1100; ++i) changes.put_items.push_back(MakeItem({{"n", values}}, {"/a/" + std::to_string(i)}));
  changes.put_items.push_back(MakeItem({{"tag", {std::string("x")}}}, {"/b"}));
  Commit(changes);
  const FilterPlan plan = Plan(Must(ExistsCondition{"n"}));
  EXPECT_EQ(plan.items, nullptr);
  EXPECT_EQ(plan.strategy, FilterStrategy::kPostFilter);
  // Not read again, and no hindrance to another condition.
  Filter both = Must(ExistsCondition{"n"});
  both.must.push_back(MatchCondition{"tag", {std::string("x")}});
  const FilterPlan narrowed = Plan(both);
  EXPECT_LT(narrowed.terms_read, 10u);
  EXPECT_EQ(narrowed.items_possible, 1u);
  EXPECT_FALSE(narrowed.is_exact);
  EXPECT_EQ(narrowed.strategy, FilterStrategy::kDirectScan);
}

TEST_F(TermsTest, PlansKeepToTheirLimits) {
  WriteSet changes;
  changes.put_items.push_back(MakeItem({{"n", {int64_t{1}}}}, {"/a"}));
  Commit(changes);
  const Filter filter = Must(ExistsCondition{"n"});
  EXPECT_THAT(store_->Plan(filter, Limits::After(std::chrono::seconds(-1))), IsError(ErrorCode::kDeadlineExceeded));
}

TEST_F(TermsTest, ACollectionWithoutTermsGetsThemWhenItIsOpened) {
  RandomFilters random(8);
  CommitAtRandom(random);
  ChangeBehindItsBack([](RecordDb& db, rocksdb::WriteBatch& batch) {
    ASSERT_TRUE(batch.DeleteRange(db.handle(Family::kTerms), "", "\xFF").ok());
    ASSERT_TRUE(batch.Delete(db.handle(Family::kMeta), std::string(kTermsKey)).ok());
  });
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_GT(Plan(Must(ExistsCondition{"a"})).items_possible, 0u);
}

TEST_F(TermsTest, FillingGoesOnWhereItWasInterrupted) {
  RandomFilters random(9);
  CommitAtRandom(random);
  const uint64_t middle = items_.rbegin()->first.value / 2;
  bool has_lost_one = false;
  ChangeBehindItsBack([&](RecordDb& db, rocksdb::WriteBatch& batch) {
    for (const auto& [id, item] : items_) {
      for (const std::string& key : TermKeysOf(item)) {
        // One term before the mark goes too: there, nothing is looked at again.
        if (id.value < middle && has_lost_one) continue;
        has_lost_one = has_lost_one || id.value < middle;
        EXPECT_TRUE(batch.Delete(db.handle(Family::kTerms), key).ok());
      }
    }
    ASSERT_TRUE(batch.Put(db.handle(Family::kMeta), std::string(kTermsKey), EncodeTermsFilled(middle)).ok());
  });
  EXPECT_THAT(Findings(), SizeIs(1));
  ExpectFinding("terms are missing");
}

TEST_F(TermsTest, TermsOfOtherRulesAreMadeAgain) {
  RandomFilters random(10);
  CommitAtRandom(random);
  ChangeBehindItsBack([](RecordDb& db, rocksdb::WriteBatch& batch) {
    ASSERT_TRUE(batch.Put(db.handle(Family::kTerms), "something else", "").ok());
    ASSERT_TRUE(batch.Put(db.handle(Family::kMeta), std::string(kTermsKey), "\x02 and more").ok());
  });
  EXPECT_THAT(Findings(), IsEmpty());
}

TEST_F(TermsTest, VerifyFindsWhatIsMissingAndWhatIsTooMuchAndRepairMendsIt) {
  WriteSet changes;
  changes.put_items.push_back(MakeItem({{"tag", {std::string("x")}}}, {"/a"}));
  Commit(changes);
  const ItemRecord& item = items_.begin()->second;
  ItemRecord other = item;
  other.metadata = {{"tag", {std::string("y")}}};
  ChangeBehindItsBack([&](RecordDb& db, rocksdb::WriteBatch& batch) {
    ASSERT_TRUE(batch.Delete(db.handle(Family::kTerms), TermKeysOf(item)[0]).ok());
    ASSERT_TRUE(batch.Put(db.handle(Family::kTerms), TermKeysOf(other)[0], "").ok());
    ASSERT_TRUE(batch.Put(db.handle(Family::kTerms), "short", "").ok());
  });
  ExpectFinding("item 1: 1 of its 1 terms are missing");
  ExpectFinding("a term of item 1, which does not have that value");
  ExpectFinding("a term of 5 bytes");
  const auto repaired = store_->RepairTerms({});
  ASSERT_THAT(repaired, IsOk());
  EXPECT_TRUE(repaired->has_value());
  EXPECT_FALSE(store_->RepairTerms({})->has_value());
  EXPECT_THAT(Findings(), IsEmpty());
  EXPECT_EQ(Plan(Must(MatchCondition{"tag", {std::string("x")}})).items_possible, 1u);
}

std::shared_ptr<const ItemBounds> BoundsOf(std::initializer_list<uint64_t> items) {
  Roaring64Map set;
  for (const uint64_t item : items) set.add(item);
  return std::make_shared<const ItemBounds>(ItemBounds::Exactly(ItemSet::Of(std::move(set))));
}

TEST(BoundsCacheTest, KnowsOneEpochOnly) {
  BoundsCache cache(1 << 20);
  cache.Put("a", Epoch{3}, BoundsOf({1, 2}));
  EXPECT_NE(cache.Find("a", Epoch{3}), nullptr);
  EXPECT_EQ(cache.Find("a", Epoch{4}), nullptr);
  EXPECT_EQ(cache.Find("b", Epoch{3}), nullptr);
  cache.Put("a", Epoch{2}, BoundsOf({7}));
  EXPECT_EQ(cache.Find("a", Epoch{3})->sure, BoundsOf({1, 2})->sure);
}

TEST(BoundsCacheTest, ForgetsWhatWasUsedLongestAgo) {
  BoundsCache cache(2000);
  for (int i = 0; i < 100; ++i) {
    cache.Put(std::to_string(i), Epoch{1}, BoundsOf({1}));
    ASSERT_NE(cache.Find("0", Epoch{1}), nullptr);
  }
  EXPECT_EQ(cache.Find("50", Epoch{1}), nullptr);
  EXPECT_NE(cache.Find("99", Epoch{1}), nullptr);
  BoundsCache tiny(10);
  tiny.Put("a", Epoch{1}, BoundsOf({1}));
  EXPECT_EQ(tiny.Find("a", Epoch{1}), nullptr);
}

TEST(ItemSetTest, WhatLostItsItemsEqualsWhatNeverHadAny) {
  Roaring64Map one;
  one.add(uint64_t{5});
  const ItemSet emptied = And(ItemSet::Of(one), Not(ItemSet::Of(one)));
  EXPECT_TRUE(emptied == ItemSet());
  EXPECT_TRUE(ItemSet() == emptied);
  EXPECT_TRUE(Not(emptied) == ItemSet::All());
  EXPECT_FALSE(emptied == ItemSet::Of(one));
  EXPECT_FALSE(ItemSet() == ItemSet::All());
  for (const uint64_t id : emptied.listed()) ADD_FAILURE() << id;
}

TEST(ItemMaskTest, HasWhatTheSetHas) {
  Roaring64Map listed;
  for (const uint64_t id : {1, 63, 64, 1000, 5000}) listed.add(static_cast<uint64_t>(id));
  for (const ItemSet& set : {ItemSet::Of(listed), Not(ItemSet::Of(listed)), ItemSet::All(), ItemSet()}) {
    const ItemMask mask(set);
    for (uint64_t id = 1; id <= 6000; ++id) ASSERT_EQ(mask.Has(ItemId{id}), set.Has(ItemId{id})) << id;
  }
  const ItemMask mask(ItemSet::Of(listed));
  EXPECT_TRUE(mask.AnyIn(ItemId{990}, ItemId{1010}));
  EXPECT_FALSE(mask.AnyIn(ItemId{200}, ItemId{900}));
  EXPECT_FALSE(mask.AnyIn(ItemId{6000}, ItemId{9000}));
  const ItemMask others(Not(ItemSet::Of(listed)));
  EXPECT_TRUE(others.AnyIn(ItemId{6000}, ItemId{9000}));
}

}  // namespace
}  // namespace sightline::storage
