// SPDX-License-Identifier: BSD-3-Clause
#include "eval/stages.h"

#include <algorithm>
#include <cmath>

#include "eval/sealed_gallery.h"
#include "tests/query/query_fixture.h"

namespace sightline::eval {
namespace {

using query::kBlue;
using query::kGreen;
using query::kPurple;
using query::kRed;
using query::MakePicture;
using testing::IsError;
using testing::IsOk;

// "red" finds purple.png first by coarse score, and spot.png first by match logit.
class StagesTest : public query::QueryFixture {
 protected:
  StagesTest() {
    gallery_.fold.set.images = {"purple.png", "spot.png", "green.png"};
    gallery_.fold.set.captions = {{"red", 1}, {"green", 2}};
    gallery_.fold.caption_numbers = {0, 1};
    gallery_.gallery.images = {Add(MakePicture(kPurple), "/purple.png"), Add(MakePicture(kBlue, kRed), "/spot.png"),
                               Add(MakePicture(kGreen), "/green.png")};
    gallery_.gallery.captions = {AddCaption("/captions#0", "red"), AddCaption("/captions#1", "green")};
    gallery_.collection = collection_.get();
    gallery_.folder = folder_.path();
  }

  Result<std::vector<StageResult>> Run(StageOptions options = {.depths = {0, 2}}) {
    return RunStages(std::span(&gallery_, 1), encoder_, options,
                     [this](const StageProgress& progress) { progress_.push_back(progress); });
  }

  testing::TempDir folder_;
  StageGallery gallery_;
  std::vector<StageProgress> progress_;
};

TEST_F(StagesTest, EachDepthIsAskedInBothDirections) {
  const auto results = Run();
  ASSERT_THAT(results, IsOk());
  ASSERT_EQ(results->size(), 2U);
  const StageResult& coarse = results->front();
  const StageResult& reranked = results->back();
  EXPECT_EQ(coarse.stage.depth, 0U);
  EXPECT_EQ(reranked.stage.depth, 2U);
  EXPECT_EQ(coarse.img.front()[0].rank, 1U);
  EXPECT_EQ(reranked.img.front()[0].rank, 0U);
  EXPECT_EQ(reranked.img.front()[0].reranked, 2U);
  EXPECT_EQ(reranked.txt.front().size(), 2U);  // purple.png has no caption.
  EXPECT_EQ(progress_.front().passes, 4U);
  EXPECT_EQ(progress_.front().reused_passes, 0U);
  // Captions and pictures, without candidates and with 2 of them.
  EXPECT_EQ(progress_.front().left, (std::map<size_t, size_t>{{0, 2 + 3}, {2, 2 + 3}}));
  EXPECT_EQ(progress_.back().reads, 2U);
  EXPECT_EQ(progress_.back().left, (std::map<size_t, size_t>{{0, 0}, {2, 1}})) << "purple.png cannot be asked";
}

TEST_F(StagesTest, ASecondRunAsksNothing) {
  const auto first = Run();
  ASSERT_THAT(first, IsOk());
  const uint64_t texts = encoder_.texts_encoded;
  progress_.clear();
  const auto second = Run();
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(encoder_.texts_encoded, texts);
  EXPECT_EQ(progress_.front().reused_passes, 4U);
  EXPECT_EQ(progress_.front().left, (std::map<size_t, size_t>{{0, 0}, {2, 0}}));
  EXPECT_EQ(first->back().img, second->back().img);
  EXPECT_EQ(first->back().txt, second->back().txt);
}

TEST_F(StagesTest, AnInterruptedRunGoesOnAtTheQueryWhereItWas) {
  std::stop_source stop;
  size_t answered = 0;
  const auto stopped = RunStages(std::span(&gallery_, 1), encoder_, {.depths = {0, 2}, .stop = stop.get_token()},
                                 [&](const StageProgress& progress) {
                                   answered = progress.pass == 2 ? progress.done : 0;
                                   if (answered == 1) stop.request_stop();
                                 });
  EXPECT_THAT(stopped, IsError(ErrorCode::kCancelled));
  const uint64_t texts = encoder_.texts_encoded;
  const auto resumed = Run();
  ASSERT_THAT(resumed, IsOk());
  EXPECT_EQ(progress_.front().reused_passes, 2U);
  EXPECT_EQ(progress_.front().reused_queries, 1U);
  EXPECT_EQ(encoder_.texts_encoded, texts + 1);  // Of "red" and "green" at depth 2 one was left.
  EXPECT_EQ(resumed->back().img.front()[0].rank, 0U);
  EXPECT_EQ(resumed->back().img.front().size(), 2U);
}

TEST_F(StagesTest, WhatDecidesTheOutcomesDecidesWhatIsReused) {
  ASSERT_THAT(Run(), IsOk());
  const auto reused = [&](StageOptions options) {
    progress_.clear();
    EXPECT_THAT(Run(options), IsOk());
    return progress_.front().reused_passes;
  };
  EXPECT_EQ(reused({.depths = {0, 2}}), 4U);
  EXPECT_EQ(reused({.depths = {0, 2}, .conditions = "another build"}), 0U);
  EXPECT_EQ(reused({.depths = {0, 2}, .conditions = "another build"}), 4U);
  encoder_.mutable_info().calibration.coarse_weight = 3;
  EXPECT_EQ(reused({.depths = {0, 2}, .conditions = "another build"}), 0U);
  encoder_.mutable_info().device = "cuda";
  EXPECT_EQ(reused({.depths = {0, 2}, .conditions = "another build"}), 0U);
  gallery_.fold.set.captions[0].text = "blue";
  EXPECT_EQ(reused({.depths = {0, 2}, .conditions = "another build"}), 0U);
}

// 600 units in a collection on disk, whose vectors are points of a sphere.
class SealedGalleryTest : public ::testing::Test {
 protected:
  static constexpr size_t kUnits = 600;

  SealedGalleryTest() {
    auto made =
        storage::Collection::Create(folder_ / "gallery", {.model_name = "none", .model_fingerprint = "", .dim = kDim});
    EXPECT_THAT(made, IsOk());
    collection_ = *std::move(made);
    for (size_t i = 0; i < kUnits; ++i) AddUnit(i);
  }

  static Embedding VectorOf(size_t i) {
    Embedding vector(kDim);
    float norm = 0;
    for (size_t d = 0; d < kDim; ++d) {
      vector[d] = static_cast<float>(std::sin(static_cast<double>(i * kDim + d) * 12.9898));
      norm += vector[d] * vector[d];
    }
    for (float& value : vector) value /= std::sqrt(norm);
    return vector;
  }

  void AddUnit(size_t i) {
    const auto ids = collection_->AllocateIds(1, 1);
    ASSERT_THAT(ids, IsOk());
    storage::WriteSet changes;
    storage::ItemRecord item;
    item.id = ids->first_item;
    item.paths = {{.path = "/" + std::to_string(i), .size_bytes = 1, .mtime_ns = 1}};
    item.hash[0] = static_cast<uint8_t>(i);
    item.hash[1] = static_cast<uint8_t>(i / 256);
    item.units = {ids->first_unit};
    storage::NewUnit unit;
    unit.record.id = ids->first_unit;
    unit.record.item = item.id;
    unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = VectorOf(i)}};
    changes.put_items.push_back(std::move(item));
    changes.put_units.push_back(std::move(unit));
    ASSERT_THAT(collection_->Commit(changes), IsOk());
  }

  static constexpr size_t kDim = 16;
  testing::TempDir folder_;
  std::unique_ptr<storage::Collection> collection_;
};

TEST_F(SealedGalleryTest, EveryKindIsSealedAndFindsWhatItHolds) {
  using storage::IndexKind;
  for (const IndexKind kind : {IndexKind::kFlat, IndexKind::kIvfPq, IndexKind::kIvfPqFastScan, IndexKind::kHnsw}) {
    const auto sealed = OpenSealed(*collection_, folder_ / "kinds", kind, "content", {});
    ASSERT_THAT(sealed, IsOk()) << storage::NameOf(kind);
    const auto stats = (*sealed)->Stats();
    ASSERT_THAT(stats, IsOk());
    EXPECT_EQ(stats->index.exact_rows, 0U);
    ASSERT_EQ(stats->index.segments.size(), 1U);
    EXPECT_EQ(stats->index.segments[0].kind, kind);
    EXPECT_EQ(stats->units, kUnits);
    const Embedding query = VectorOf(7);
    const auto found = (*sealed)->View()->Search(query, {.k = 10, .limits = {}});
    ASSERT_THAT(found, IsOk());
    EXPECT_NEAR(found->front().score, 1, 1e-5);
  }
}

TEST_F(SealedGalleryTest, IsOpenedAgainUnlessItsContentIsAnother) {
  const auto open = [&](const std::string& content) {
    const auto sealed = OpenSealed(*collection_, folder_ / "kinds", storage::IndexKind::kFlat, content, {});
    EXPECT_THAT(sealed, IsOk());
    return (*sealed)->View()->unit_count();
  };
  EXPECT_EQ(open("one"), kUnits);
  AddUnit(kUnits);
  EXPECT_EQ(open("one"), kUnits);
  EXPECT_EQ(open("two"), kUnits + 1);
}

TEST_F(SealedGalleryTest, AnotherBuildMakesItsOwn) {
  testing::FakeEncoder encoder;
  const StageGallery gallery = {.fold = {}, .gallery = {}, .collection = collection_.get(), .folder = folder_.path()};
  const std::filesystem::path mark = folder_ / "kinds/flat/mark";
  const auto run = [&](const std::string& conditions) {
    EXPECT_THAT(RunStages(std::span(&gallery, 1), encoder,
                          {.kinds = {storage::IndexKind::kFlat}, .depths = {0}, .conditions = conditions}, {}),
                IsOk());
    return std::filesystem::exists(mark);
  };
  run("a build");
  testing::WriteTestFile(mark, "of a build");
  EXPECT_TRUE(run("a build"));
  EXPECT_FALSE(run("another build"));
}

TEST_F(SealedGalleryTest, WhatIsSealedIsNotCalledExact) {
  testing::FakeEncoder encoder;
  auto sealed = OpenSealed(*collection_, folder_ / "kinds", storage::IndexKind::kIvfPq, "content", {});
  ASSERT_THAT(sealed, IsOk());
  StageGallery gallery = {.fold = {}, .gallery = {}, .collection = collection_.get(), .folder = folder_.path()};
  EXPECT_THAT(RunStages(std::span(&gallery, 1), encoder, {.depths = {0}}, {}), IsOk());
  gallery.collection = sealed->get();
  EXPECT_THAT(RunStages(std::span(&gallery, 1), encoder, {.depths = {0}}, {}), IsError(ErrorCode::kFailedPrecondition));
}

TEST_F(SealedGalleryTest, ContentIsThatOfSetAndCollection) {
  RetrievalSet set = {.images = {"a"}, .captions = {{"text", 0}}};
  Gallery gallery;
  gallery.images = {ItemId{1}};
  gallery.captions = {std::nullopt};
  const std::string content = *ContentOf(*collection_, set, gallery);
  EXPECT_EQ(*ContentOf(*collection_, set, gallery), content);
  set.captions[0].text = "other";
  EXPECT_NE(*ContentOf(*collection_, set, gallery), content);
  set.captions[0].text = "text";
  AddUnit(kUnits);
  EXPECT_NE(*ContentOf(*collection_, set, gallery), content);
}

}  // namespace
}  // namespace sightline::eval
