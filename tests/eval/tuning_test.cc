// SPDX-License-Identifier: BSD-3-Clause
#include "eval/tuning.h"

#include <cmath>
#include <random>

#include "tests/query/query_fixture.h"

namespace sightline::eval {
namespace {

using query::MakePicture;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using ::testing::Not;

// A collection in memory: exact, with a model.
class TuningTest : public query::QueryFixture {
 protected:
  TuningTest() {
    std::mt19937 random(5);
    for (int i = 0; i < 60; ++i) {
      Add(MakePicture({static_cast<uint8_t>(random() % 256), static_cast<uint8_t>(random() % 256),
                       static_cast<uint8_t>(random() % 256)}),
          std::to_string(i));
    }
    for (const char* words : {"red", "green", "blue", "white", "black"}) AddCaption(words, words);
    queries_ = *QueriesFromCaptions(*collection_, 100, {});
  }

  Result<TuningReport> Run(const TuningOptions& options) { return Tune(*collection_, &searcher_, queries_, options); }

  query::Searcher searcher_{*collection_, &encoder_};
  TuningQueries queries_;
};

TEST_F(TuningTest, WhatIsExactHasOnlyItsRerankTuned) {
  const auto report = Run({.k = 5, .max_depth = 48});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->index.is_exact);
  EXPECT_DOUBLE_EQ(report->index.before.recall, 1);
  ASSERT_TRUE(report->rerank);
  EXPECT_EQ(report->rerank->before.depth, 64U);
  EXPECT_EQ(report->rerank->after.depth, report->rerank->choice.depth);
  EXPECT_EQ(collection_->settings(), storage::CollectionSettings()) << "measuring changes nothing";
  ASSERT_THAT(StoreTuning(*report, *collection_), IsOk());
  const storage::CollectionSettings settings = collection_->settings();
  EXPECT_EQ(settings.rerank_depth, report->rerank->choice.depth);
  EXPECT_EQ(settings.stop_margin, report->rerank->choice.margin);
  EXPECT_THAT(settings.tuned, HasSubstr("\"queries\":\"5 stored captions\""));
  EXPECT_THAT(settings.tuned, Not(HasSubstr("target"))) << "the index was not tuned";
  EXPECT_EQ(collection_->index_options(), storage::IndexOptions());
}

TEST_F(TuningTest, TheCollectionsOwnCalibrationStaysAsItIs) {
  const storage::CollectionSettings own = {
      .calibration = encoder::CalibrationToJson({.coarse_weight = 20, .points = {}, .fitted_on = "test"})};
  ASSERT_THAT(collection_->SetSettings(own), IsOk());
  const auto report = Run({.k = 5, .max_depth = 48});
  ASSERT_THAT(report, IsOk());
  ASSERT_THAT(StoreTuning(*report, *collection_), IsOk());
  EXPECT_EQ(collection_->settings().calibration, own.calibration);
}

TEST_F(TuningTest, OptionsOutOfRangeAndTooFewQueriesAreRefused) {
  EXPECT_THAT(Run({.target = 0}), IsErrorWith(ErrorCode::kInvalidArgument, "target"));
  EXPECT_THAT(Run({.k = 0}), IsErrorWith(ErrorCode::kInvalidArgument, "k is"));
  EXPECT_THAT(Run({.max_depth = 1001}), IsErrorWith(ErrorCode::kInvalidArgument, "depth"));
  queries_.queries.resize(1);
  EXPECT_THAT(Run({}), IsErrorWith(ErrorCode::kInvalidArgument, "there is one"));
  queries_.queries.clear();
  EXPECT_THAT(Run({}), IsErrorWith(ErrorCode::kInvalidArgument, "there is none"));
}

TEST_F(TuningTest, AStopEndsIt) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(Run({.limits = {.stop = stop.get_token()}}), IsError(ErrorCode::kCancelled));
}

// A sealed index of raw vectors.
class SealedTuningTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kDim = 32;
  static constexpr uint64_t kUnits = 3000;

  void Make(storage::IndexKind kind) {
    auto made = storage::Collection::Create(dir_ / "c", {"none", "", kDim, storage::PatchStorage::kNone},
                                            {.kind = kind, .seal_rows = 1'000'000, .lists = 64, .probes = 1});
    ASSERT_THAT(made, IsOk());
    collection_ = *std::move(made);
    const auto ids = collection_->AllocateIds(kUnits, kUnits);
    storage::WriteSet changes;
    std::mt19937 random(11);
    std::normal_distribution<float> normal;
    for (uint64_t i = 0; i < kUnits; ++i) {
      storage::ItemRecord item;
      item.id = ItemId{ids->first_item.value + i};
      item.paths = {{.path = std::to_string(i), .size_bytes = 1, .mtime_ns = 1}};
      item.units = {UnitId{ids->first_unit.value + i}};
      Embedding vector(kDim);
      float squares = 0;
      for (float& x : vector) {
        x = normal(random);
        squares += x * x;
      }
      for (float& x : vector) x /= std::sqrt(squares);
      storage::NewUnit unit;
      unit.record.id = item.units[0];
      unit.record.item = item.id;
      unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = std::move(vector)}};
      changes.put_items.push_back(std::move(item));
      changes.put_units.push_back(std::move(unit));
    }
    ASSERT_THAT(collection_->Commit(changes), IsOk());
    ASSERT_THAT(collection_->SealNow(), IsOk());
  }

  testing::TempDir dir_;
  std::unique_ptr<storage::Collection> collection_;
};

TEST_F(SealedTuningTest, TheTargetIsReachedAndStored) {
  Make(storage::IndexKind::kIvfPq);
  const auto queries = QueriesFromRows(*collection_, 60, {});
  ASSERT_THAT(queries, IsOk());
  const auto report = Tune(*collection_, nullptr, *queries, {.target = 0.9});
  ASSERT_THAT(report, IsOk());
  EXPECT_FALSE(report->index.is_exact);
  EXPECT_TRUE(report->index.reached);
  EXPECT_FALSE(report->rerank);
  EXPECT_LT(report->index.before.recall, 0.9) << "one list of 64";
  EXPECT_GE(report->index.chosen.recall, 0.9);
  EXPECT_LT(report->index.chosen.vectors, kUnits) << "less than everything is looked at";
  ASSERT_THAT(StoreTuning(*report, *collection_), IsOk());
  const storage::IndexOptions options = collection_->index_options();
  EXPECT_EQ(options.probes, *report->index.chosen.parameters.probes);
  EXPECT_EQ(options.refine_factor, *report->index.chosen.parameters.refine_factor);
  EXPECT_EQ(options.lists, 64U);
  EXPECT_THAT(collection_->settings().tuned, HasSubstr("\"target\":9E-1"));
  const auto again = Tune(*collection_, nullptr, *queries, {.target = 0.9});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->index.before.recall, report->index.chosen.recall) << "now it is searched so";
  EXPECT_EQ(again->index.chosen.parameters, report->index.chosen.parameters) << "the same queries, the same choice";
}

TEST_F(SealedTuningTest, AGraphIsTunedByItsCandidates) {
  Make(storage::IndexKind::kHnsw);
  const auto queries = QueriesFromRows(*collection_, 40, {});
  const auto report = Tune(*collection_, nullptr, *queries, {.target = 0.95});
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->index.reached);
  EXPECT_TRUE(report->index.chosen.parameters.ef_search);
  EXPECT_FALSE(report->index.chosen.parameters.probes);
}

}  // namespace
}  // namespace sightline::eval
