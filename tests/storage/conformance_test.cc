// SPDX-License-Identifier: BSD-3-Clause
// What every Collection must do; conformance_life_test.cc has what it must do over a life of changes.
#include <algorithm>
#include <limits>
#include <set>

#include "tests/storage/conformance_fixture.h"

namespace sightline::testing {
namespace {

using storage::ItemRecord;
using storage::PatchStorage;
using storage::SearchOptions;
using storage::WriteSet;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

INSTANTIATE_TEST_SUITE_P(Collections, ConformanceTest, ::testing::ValuesIn(ConformanceKinds()), NameOfKind);

TEST_P(ConformanceTest, NewCollectionIsEmpty) {
  EXPECT_EQ(collection_->config().dim, kDim);
  EXPECT_EQ(collection_->Stats()->items, 0u);
  EXPECT_TRUE(collection_->View()->epoch());
  EXPECT_THAT(Search(RandomEmbedding(kDim, 1), 10), IsEmpty());
  EXPECT_THAT(*collection_->Jobs(), IsEmpty());
}

TEST_P(ConformanceTest, CommittedItemIsReadBackWhole) {
  const Sample sample = Added("/p/a.jpg", 7, 3);
  const auto& records = collection_->records();
  EXPECT_EQ(Item(sample.item.id), sample.item);
  const UnitId unit = sample.units[0].record.id;
  EXPECT_EQ((*records.GetUnits({{unit}}))[0], sample.units[0].record);
  EXPECT_EQ((*records.GetTokens({{unit}}))[0], sample.units[0].tokens);
  EXPECT_EQ((*records.GetThumbnails({{unit}}))[0], sample.units[0].thumbnail);
  EXPECT_EQ(*records.FindItem("/p/a.jpg"), sample.item.id);
  EXPECT_EQ(*records.FindItem(sample.item.hash), sample.item.id);
}

TEST_P(ConformanceTest, AbsentThingsAreNoErrors) {
  const auto& records = collection_->records();
  EXPECT_FALSE(Item(ItemId{77}));
  EXPECT_FALSE(HasUnit(UnitId{77}));
  EXPECT_FALSE((*records.GetTokens({{UnitId{77}}}))[0]);
  EXPECT_FALSE((*records.GetThumbnails({{UnitId{77}}}))[0]);
  EXPECT_FALSE(*records.FindItem("/nowhere"));
  EXPECT_FALSE(*records.FindItem(storage::ContentHash{9}));
  EXPECT_THAT(collection_->Commit({.put_items = {}, .put_units = {}, .remove_items = {ItemId{77}}, .put_job = {}}),
              IsOk());
}

TEST_P(ConformanceTest, ReadsKeepTheOrderOfIdsWithGaps) {
  std::vector<Sample> samples;
  for (uint64_t i = 0; i < 40; ++i) samples.push_back(Sampled("/p/" + std::to_string(i), i));
  ASSERT_THAT(collection_->Commit(Put(samples)), IsOk());
  std::vector<ItemId> ids;
  for (auto it = samples.rbegin(); it != samples.rend(); ++it) {
    ids.push_back(it->item.id);
    ids.push_back(ItemId{1'000'000});
  }
  const auto items = collection_->records().GetItems(ids);
  ASSERT_THAT(items, IsOk());
  ASSERT_THAT(*items, SizeIs(ids.size()));
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ((*items)[i].has_value(), i % 2 == 0);
    if (i % 2 == 0) {
      EXPECT_EQ((*items)[i]->id, ids[i]);
    }
  }
}

TEST_P(ConformanceTest, EpochGrowsWithEveryCommitAndNotWithoutChanges) {
  const Epoch first = collection_->View()->epoch();
  const Sample a = Sampled("/a", 1);
  const Epoch second = *collection_->Commit(Put({a}));
  EXPECT_GT(second, first);
  EXPECT_EQ(collection_->View()->epoch(), second);
  EXPECT_EQ(*collection_->Commit({}), second);
  EXPECT_GT(*collection_->Commit({.put_items = {}, .put_units = {}, .remove_items = {a.item.id}, .put_job = {}}),
            second);
}

TEST_P(ConformanceTest, IdsAreNeverGivenTwice) {
  std::set<ItemId> items;
  std::set<UnitId> units;
  for (uint64_t n = 1; n < 60; ++n) {
    const auto ids = collection_->AllocateIds(n, 2 * n);
    ASSERT_THAT(ids, IsOk());
    for (uint64_t i = 0; i < n; ++i) EXPECT_TRUE(items.insert(ItemId{ids->first_item.value + i}).second);
    for (uint64_t i = 0; i < 2 * n; ++i) EXPECT_TRUE(units.insert(UnitId{ids->first_unit.value + i}).second);
  }
  EXPECT_FALSE(items.count(ItemId{0}));
  EXPECT_FALSE(units.count(UnitId{0}));
}

TEST_P(ConformanceTest, RemovedItemLeavesNothing) {
  const Sample a = Added("/a", 1, 2);
  const Sample b = Added("/b", 2);
  ASSERT_THAT(collection_->Commit({.put_items = {}, .put_units = {}, .remove_items = {a.item.id}, .put_job = {}}),
              IsOk());
  const UnitId unit = a.units[0].record.id;
  EXPECT_FALSE(Item(a.item.id));
  EXPECT_FALSE(HasUnit(unit));
  EXPECT_FALSE((*collection_->records().GetTokens({{unit}}))[0]);
  EXPECT_FALSE((*collection_->records().GetThumbnails({{unit}}))[0]);
  EXPECT_FALSE(*collection_->records().FindItem("/a"));
  EXPECT_FALSE(*collection_->records().FindItem(a.item.hash));
  EXPECT_THAT(Search(a.units[0].record.vectors[0].embedding, 10), ElementsAre(b.units[0].record.id));
  EXPECT_EQ(collection_->Stats()->items, 1u);
  EXPECT_EQ(collection_->Stats()->vectors, 1u);
}

TEST_P(ConformanceTest, ReplacedItemGivesUpPathsHashAndUnitsThatItNoLongerLists) {
  Sample a = Added("/a", 1);
  const Sample other = Sampled("unused", 99);
  const UnitId old_unit = a.units[0].record.id;
  Sample replaced = a;
  replaced.item.paths = {{"/moved", 5, 6}, {"/copy", 7, 8}};
  replaced.item.hash[0] = 0xEE;
  replaced.units = other.units;
  replaced.units[0].record.item = a.item.id;
  replaced.item.units = {replaced.units[0].record.id};
  ASSERT_THAT(collection_->Commit(Put({replaced})), IsOk());
  EXPECT_EQ(Item(a.item.id), replaced.item);
  EXPECT_FALSE(HasUnit(old_unit));
  EXPECT_FALSE(*collection_->records().FindItem("/a"));
  EXPECT_FALSE(*collection_->records().FindItem(a.item.hash));
  EXPECT_EQ(*collection_->records().FindItem("/copy"), a.item.id);
  EXPECT_EQ(*collection_->records().FindItem(replaced.item.hash), a.item.id);
  EXPECT_THAT(Search(a.units[0].record.vectors[0].embedding, 5), ElementsAre(replaced.units[0].record.id));
}

TEST_P(ConformanceTest, ItemCanBeReplacedWithoutItsUnits) {
  Sample a = Added("/a", 1, 3);
  a.item.paths.push_back({"/second", 1, 2});
  a.item.metadata["tags"] = {std::string("x"), std::string("y")};
  ASSERT_THAT(collection_->Commit({.put_items = {a.item}, .put_units = {}, .remove_items = {}, .put_job = {}}), IsOk());
  EXPECT_EQ(Item(a.item.id), a.item);
  EXPECT_EQ((*collection_->records().GetUnits({{a.units[0].record.id}}))[0], a.units[0].record);
  EXPECT_EQ((*collection_->records().GetTokens({{a.units[0].record.id}}))[0], a.units[0].tokens);
}

TEST_P(ConformanceTest, ReplacedUnitIsFoundByItsNewVectorsOnly) {
  Sample a = Added("/a", 1, 3);
  const Embedding old_frame = a.units[0].record.vectors[2].embedding;
  a.units[0].record.vectors = {{std::nullopt, RandomEmbedding(kDim, 1234)}};
  a.units[0].tokens.reset();
  a.units[0].thumbnail.clear();
  ASSERT_THAT(collection_->Commit({.put_items = {}, .put_units = a.units, .remove_items = {}, .put_job = {}}), IsOk());
  const auto found = collection_->View()->Search(old_frame, {.k = 5, .filter = nullptr, .limits = {}});
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_LT((*found)[0].score, 0.99f);
  EXPECT_FALSE((*found)[0].frame_time_us);
  EXPECT_FALSE((*collection_->records().GetTokens({{a.units[0].record.id}}))[0]);
  EXPECT_FALSE((*collection_->records().GetThumbnails({{a.units[0].record.id}}))[0]);
  EXPECT_EQ(collection_->View()->vector_count(), 1u);
  EXPECT_EQ(collection_->Stats()->token_bytes, 0u);
}

TEST_P(ConformanceTest, PathAndContentCanChangeHandsWithinOneCommit) {
  const Sample a = Added("/a", 1);
  Sample moved = a;
  moved.item.paths[0].path = "/a.old";
  Sample b = Sampled("/a", 2);
  WriteSet changes = Put({b});
  changes.put_items.push_back(moved.item);
  ASSERT_THAT(collection_->Commit(changes), IsOk());
  EXPECT_EQ(*collection_->records().FindItem("/a"), b.item.id);
  EXPECT_EQ(*collection_->records().FindItem("/a.old"), a.item.id);

  const Sample c = Sampled("/a", 1);  // the content of `a`, the path of `b`
  changes = Put({c});
  changes.remove_items = {a.item.id, b.item.id};
  ASSERT_THAT(collection_->Commit(changes), IsOk());
  EXPECT_EQ(*collection_->records().FindItem("/a"), c.item.id);
  EXPECT_EQ(*collection_->records().FindItem(a.item.hash), c.item.id);
}

TEST_P(ConformanceTest, ItemsWithoutHashMayRepeat) {
  Sample a = Sampled("/a", 1), b = Sampled("/b", 2);
  a.item.hash = b.item.hash = {};
  ASSERT_THAT(collection_->Commit(Put({a, b})), IsOk());
  EXPECT_FALSE(*collection_->records().FindItem(storage::ContentHash{}));
}

TEST_P(ConformanceTest, CommitsThatBreakARuleChangeNothing) {
  const Sample a = Added("/a", 1);
  Sample s = Sampled("/s", 2);

  Sample bad = s;
  bad.units[0].record.vectors[0].embedding.pop_back();
  ExpectRefused(Put({bad}), "15 values");
  bad = s;
  bad.units[0].record.vectors[0].embedding[3] = std::numeric_limits<float>::quiet_NaN();
  ExpectRefused(Put({bad}), "not finite");
  bad = s;
  bad.units[0].record.vectors.clear();
  ExpectRefused(Put({bad}), "no embedding");
  bad = s;
  bad.units[0].record.vectors[0].frame_time_us = 1;
  ExpectRefused(Put({bad}), "the first vector");
  bad = s;
  bad.units[0].tokens->data.pop_back();
  ExpectRefused(Put({bad}), "shape");
  bad = s;
  bad.units[0].tokens = RandomTokens(2, 3, PatchStorage::kFp16, 1);
  ExpectRefused(Put({bad}), "fp16");
  bad = s;
  bad.item.paths.clear();
  ExpectRefused(Put({bad}), "no path");
  bad = s;
  bad.item.id = {};
  ExpectRefused(Put({bad}), "without an id");
}

TEST_P(ConformanceTest, CommitsThatContradictWhatIsThereChangeNothing) {
  const Sample a = Added("/a", 1);
  Sample s = Sampled("/s", 2);

  ExpectRefused({.put_items = {s.item}, .put_units = {}, .remove_items = {}, .put_job = {}}, "lists unit");
  ExpectRefused({.put_items = {}, .put_units = s.units, .remove_items = {}, .put_job = {}}, "");
  Sample bad = s;
  bad.item.units.clear();
  ExpectRefused(Put({bad}), "");
  bad = s;
  bad.item.paths[0].path = "/a";
  ExpectRefused(Put({bad}), "/a");
  bad = s;
  bad.item.hash = a.item.hash;
  ExpectRefused(Put({bad}), "content");
  bad = s;
  bad.item.id = ItemId{1'000'000};
  bad.units[0].record.item = bad.item.id;
  ExpectRefused(Put({bad}), "");
  bad = s;
  bad.units[0].record.id = UnitId{1'000'000};
  bad.item.units = {bad.units[0].record.id};
  ExpectRefused(Put({bad}), "");
  bad = s;
  bad.units[0].record.id = a.units[0].record.id;  // another item's unit
  bad.item.units = {bad.units[0].record.id};
  ExpectRefused(Put({bad}), "");
  WriteSet both = Put({s});
  both.remove_items = {s.item.id};
  ExpectRefused(both, "put and removed");
  ExpectRefused(Put({s, s}), "twice");
}

TEST_P(ConformanceTest, CollectionWithoutPatchesRefusesTokens) {
  collection_ = Make(PatchStorage::kNone);
  Sample s = Sampled("/s", 2);
  EXPECT_FALSE(s.units[0].tokens);
  ASSERT_THAT(collection_->Commit(Put({s})), IsOk());
  s.units[0].tokens = RandomTokens(2, 3, PatchStorage::kInt8, 1);
  ExpectRefused(Put({s}), "stores none");
}

TEST_P(ConformanceTest, Fp16TokensAreReadBack) {
  collection_ = Make(PatchStorage::kFp16);
  const Sample s = Added("/s", 3);
  EXPECT_EQ((*collection_->records().GetTokens({{s.units[0].record.id}}))[0], s.units[0].tokens);
}

TEST_P(ConformanceTest, ForEachItemGoesInOrderAndStopsWhenTold) {
  std::vector<ItemId> ids;
  for (uint64_t i = 0; i < 5; ++i) ids.push_back(Added("/p/" + std::to_string(i), i).item.id);
  std::vector<ItemId> seen;
  EXPECT_THAT(collection_->ForEachItem([&](const ItemRecord& item) {
    seen.push_back(item.id);
    return seen.size() < 3;
  }),
              IsOk());
  EXPECT_THAT(seen, ElementsAre(ids[0], ids[1], ids[2]));
}

TEST_P(ConformanceTest, ForEachItemAfterBeginsBehindAnIdThatNeedNotExist) {
  std::vector<ItemId> ids;
  for (uint64_t i = 0; i < 5; ++i) ids.push_back(Added("/p/" + std::to_string(i), i).item.id);
  EXPECT_THAT(collection_->Commit({.put_items = {}, .put_units = {}, .remove_items = {ids[1], ids[2]}, .put_job = {}}),
              IsOk());
  const auto after = [&](ItemId id) {
    std::vector<ItemId> seen;
    EXPECT_THAT(collection_->ForEachItemAfter(id,
                                              [&](const ItemRecord& item) {
                                                seen.push_back(item.id);
                                                return true;
                                              }),
                IsOk());
    return seen;
  };
  EXPECT_THAT(after(ids[0]), ElementsAre(ids[3], ids[4]));
  EXPECT_THAT(after(ids[2]), ElementsAre(ids[3], ids[4]));
  EXPECT_THAT(after(ids[4]), ::testing::IsEmpty());
  EXPECT_THAT(after(ItemId{UINT64_MAX}), ::testing::IsEmpty());
}

TEST_P(ConformanceTest, ForEachItemShowsTheMomentOfTheCall) {
  for (uint64_t i = 0; i < 5; ++i) Added("/p/" + std::to_string(i), i);
  size_t seen = 0;
  EXPECT_THAT(collection_->ForEachItem([&](const ItemRecord& item) {
    if (seen++ == 0) {
      Added("/late", 77);
      EXPECT_THAT(collection_->Commit(
                      {.put_items = {}, .put_units = {}, .remove_items = {ItemId{item.id.value + 1}}, .put_job = {}}),
                  IsOk());
    }
    return true;
  }),
              IsOk());
  EXPECT_EQ(seen, 5u);
}

TEST_P(ConformanceTest, JobsComeNewestFirstAndAreReplaced) {
  storage::JobRecord job{.id = JobId{1},
                         .state = storage::JobState::kRunning,
                         .inputs = {"/a", "/b"},
                         .started_at = 5,
                         .updated_at = 6,
                         .items_added = 1,
                         .items_unchanged = 2,
                         .items_duplicate = 3,
                         .items_moved = 4,
                         .errors = {{"/bad", "not a picture"}},
                         .error_count = 1};
  ASSERT_THAT(collection_->Commit({.put_items = {}, .put_units = {}, .remove_items = {}, .put_job = job}), IsOk());
  storage::JobRecord second = job;
  second.id = JobId{2};
  ASSERT_THAT(collection_->Commit({.put_items = {}, .put_units = {}, .remove_items = {}, .put_job = second}), IsOk());
  job.state = storage::JobState::kFinished;
  ASSERT_THAT(collection_->Commit({.put_items = {}, .put_units = {}, .remove_items = {}, .put_job = job}), IsOk());
  EXPECT_THAT(*collection_->Jobs(), ElementsAre(second, job));
}

TEST_P(ConformanceTest, SettingsAreKeptAndReplacedAsAWhole) {
  EXPECT_EQ(collection_->settings(), storage::CollectionSettings());
  const Epoch before = collection_->View()->epoch();
  const storage::CollectionSettings all = {
      .rerank_depth = 0, .stop_margin = -2.5, .calibration = "{}", .tuned = "\u00fc"};
  ASSERT_THAT(collection_->SetSettings(all), IsOk());
  EXPECT_EQ(collection_->settings(), all);
  const storage::CollectionSettings depth = {.rerank_depth = 1024};
  ASSERT_THAT(collection_->SetSettings(depth), IsOk());
  EXPECT_EQ(collection_->settings(), depth);
  EXPECT_EQ(collection_->View()->epoch(), before) << "nothing that was searched changed";
}

TEST_P(ConformanceTest, SettingsThatCannotBeAreRefusedAndChangeNothing) {
  const auto refused = [this](auto change, const std::string& part) {
    storage::CollectionSettings settings;
    change(settings);
    EXPECT_THAT(collection_->SetSettings(settings), IsErrorWith(ErrorCode::kInvalidArgument, part));
    EXPECT_EQ(collection_->settings(), storage::CollectionSettings());
  };
  refused([](auto& settings) { settings.rerank_depth = 1025; }, "rerank_depth");
  refused([](auto& settings) { settings.stop_margin = std::numeric_limits<double>::infinity(); }, "stop_margin");
  refused([](auto& settings) { settings.stop_margin = std::numeric_limits<double>::quiet_NaN(); }, "stop_margin");
  refused([](auto& settings) { settings.calibration.push_back('\xff'); }, "calibration");
  refused([](auto& settings) { settings.tuned.assign((8u << 20) + 1, ' '); }, "tuned");
}

TEST_P(ConformanceTest, StatsCountWhatIsStored) {
  const Sample a = Added("/a", 1, 3), b = Added("/b", 2);
  const auto stats = collection_->Stats();
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->items, 2u);
  EXPECT_EQ(stats->units, 2u);
  EXPECT_EQ(stats->vectors, 4u);
  EXPECT_EQ(stats->token_bytes, 2 * TokenMatrixBytes(5, 12, TokenFormat::kInt8));
  EXPECT_EQ(stats->thumbnail_bytes, a.units[0].thumbnail.size() + b.units[0].thumbnail.size());
  EXPECT_EQ(stats->epoch, collection_->View()->epoch());
}

TEST_P(ConformanceTest, SearchGivesTheBestUnitsInOrder) {
  std::vector<Sample> samples;
  for (uint64_t i = 0; i < 300; ++i) samples.push_back(Sampled("/p/" + std::to_string(i), i, 1 + i % 3));
  ASSERT_THAT(collection_->Commit(Put(samples)), IsOk());
  const Embedding query = RandomEmbedding(kDim, 4711);
  std::vector<std::pair<float, UnitId>> expected;
  for (const Sample& sample : samples) {
    double best = -2;
    for (const auto& vector : sample.units[0].record.vectors) {
      double score = 0;
      for (uint32_t i = 0; i < kDim; ++i) score += static_cast<double>(query[i]) * vector.embedding[i];
      best = std::max(best, score);
    }
    expected.emplace_back(static_cast<float>(best), sample.units[0].record.id);
  }
  std::sort(expected.rbegin(), expected.rend());
  const auto found = collection_->View()->Search(query, {.k = 25, .filter = nullptr, .limits = {}});
  ASSERT_THAT(found, IsOk());
  ASSERT_THAT(*found, SizeIs(25));
  for (size_t i = 0; i < found->size(); ++i) {
    EXPECT_EQ((*found)[i].unit, expected[i].second);
    EXPECT_NEAR((*found)[i].score, expected[i].first, 1e-5);
  }
  EXPECT_THAT(Search(query, 1000), SizeIs(300));
}

TEST_P(ConformanceTest, FrameThatMatchesBestIsNamed) {
  const Sample clip = Added("/clip", 5, 4);
  Added("/picture", 6);
  const auto& vectors = clip.units[0].record.vectors;
  for (const auto& vector : vectors) {
    const auto found = collection_->View()->Search(vector.embedding, {.k = 1, .filter = nullptr, .limits = {}});
    ASSERT_THAT(*found, SizeIs(1));
    EXPECT_EQ((*found)[0].unit, clip.units[0].record.id);
    EXPECT_NEAR((*found)[0].score, 1, 1e-5);
    EXPECT_EQ((*found)[0].frame_time_us, vector.frame_time_us);
  }
}

TEST_P(ConformanceTest, EqualScoresComeInOrderOfUnitId) {
  std::vector<Sample> samples;
  for (uint64_t i = 0; i < 20; ++i) {
    samples.push_back(Sampled("/p/" + std::to_string(i), i));
    samples.back().units[0].record.vectors[0].embedding = RandomEmbedding(kDim, 1);
  }
  std::swap(samples[3], samples[17]);
  ASSERT_THAT(collection_->Commit(Put(samples)), IsOk());
  const auto found = Search(RandomEmbedding(kDim, 1), 7);
  ASSERT_THAT(found, SizeIs(7));
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
  EXPECT_EQ(found[6].value - found[0].value, 6u);
}

TEST_P(ConformanceTest, ViewKeepsItsEpochWhileTheCollectionChanges) {
  const Sample a = Added("/a", 1);
  const auto before = collection_->View();
  Added("/b", 2);
  ASSERT_THAT(collection_->Commit({.put_items = {}, .put_units = {}, .remove_items = {a.item.id}, .put_job = {}}),
              IsOk());
  const auto found = before->Search(a.units[0].record.vectors[0].embedding, {.k = 10, .filter = nullptr, .limits = {}});
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_EQ((*found)[0].unit, a.units[0].record.id);
  EXPECT_EQ(before->unit_count(), 1u);
}

TEST_P(ConformanceTest, FiltersByTypeMetadataAndPath) {
  std::vector<Sample> samples;
  for (uint64_t i = 0; i < 200; ++i) {
    samples.push_back(Sampled((i < 150 ? "/trip/" : "/home/") + std::to_string(i), i, 1 + i % 2));
  }
  ASSERT_THAT(collection_->Commit(Put(samples)), IsOk());
  const Embedding query = RandomEmbedding(kDim, 31);
  Filter even;
  even.must.push_back(MatchCondition{"parity", {std::string("even")}});
  Filter few;
  few.must.push_back(RangeCondition{.key = "seed", .gt = {}, .gte = int64_t{3}, .lt = int64_t{6}, .lte = {}});
  Filter home_clips;
  home_clips.types = {UnitType::kClip};
  home_clips.must.push_back(PrefixCondition{"path", "/home/"});
  Filter images;
  images.types = {UnitType::kImage};
  Filter nothing;
  nothing.must.push_back(ExistsCondition{"absent"});
  for (const Filter* filter : {&even, &few, &home_clips, &images, &nothing}) {
    std::vector<UnitId> expected;
    for (UnitId unit : Search(query, samples.size())) {
      const auto& sample = *std::find_if(samples.begin(), samples.end(),
                                         [unit](const Sample& s) { return s.units[0].record.id == unit; });
      if (Matches(*filter, sample.units[0].record.type, sample.item.paths[0].path, sample.item.metadata)) {
        expected.push_back(unit);
      }
    }
    EXPECT_EQ(Search(query, samples.size(), filter), expected);
    expected.resize(std::min<size_t>(expected.size(), 4));
    EXPECT_EQ(Search(query, 4, filter), expected);
  }
}

TEST_P(ConformanceTest, SearchRefusesWrongQueries) {
  Added("/a", 1);
  const auto view = collection_->View();
  EXPECT_THAT(view->Search(RandomEmbedding(kDim + 1, 1), {}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(view->Search({}, {}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(view->Search(RandomEmbedding(kDim, 1), {.k = 0, .filter = nullptr, .limits = {}}),
              IsError(ErrorCode::kInvalidArgument));
  Embedding broken = RandomEmbedding(kDim, 1);
  broken[0] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(view->Search(broken, {}), IsError(ErrorCode::kInvalidArgument));
}

TEST_P(ConformanceTest, SearchAndVerifyObeyTheirLimits) {
  Added("/a", 1);
  std::stop_source stop;
  stop.request_stop();
  SearchOptions stopped{.k = 1, .filter = nullptr, .limits = {.deadline = Limits{}.deadline, .stop = stop.get_token()}};
  EXPECT_THAT(collection_->View()->Search(RandomEmbedding(kDim, 1), stopped), IsError(ErrorCode::kCancelled));
  SearchOptions late{.k = 1, .filter = nullptr, .limits = Limits::After(std::chrono::seconds(-1))};
  EXPECT_THAT(collection_->View()->Search(RandomEmbedding(kDim, 1), late), IsError(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(collection_->Verify(stopped.limits), IsError(ErrorCode::kCancelled));
}

}  // namespace
}  // namespace sightline::testing
