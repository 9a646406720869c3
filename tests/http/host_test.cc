// SPDX-License-Identifier: BSD-3-Clause
#include "http/host.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "indexer/indexer.h"
#include "query/token_cache.h"
#include "storage/data_folder.h"
#include "tests/indexer/test_pictures.h"
#include "tests/support/fake_encoder.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

class HostTest : public ::testing::Test {
 protected:
  HostTest() { Reopen(); }

  void Reopen(const query::SearcherOptions& searcher = {}) {
    host_.reset();
    auto encoder = std::make_unique<testing::FakeEncoder>();
    encoder_ = encoder.get();
    auto host = Host::Open({.data_dir = data_.path(), .encoder = std::move(encoder), .searcher = searcher});
    ASSERT_THAT(host, IsOk());
    host_ = *std::move(host);
  }

  static storage::CollectionConfig Config() { return {.model_name = "fake", .model_fingerprint = "fake", .dim = 8}; }

  static ImageRgb8 Red() {
    ImageRgb8 picture = {.width = 4, .height = 4, .pixels = std::vector<uint8_t>(48, 0)};
    for (size_t i = 0; i < 48; i += 3) picture.pixels[i] = 255;
    return picture;
  }

  /// Adds a red picture.
  static void Add(HostedCollection& hosted, const std::string& path) {
    const ImageRgb8 picture = Red();
    const encoder::ImageRequest request = {.model_pixels = &picture, .limits = {}};
    auto encoding = std::move(hosted.job_encoder->EncodeImages(std::span(&request, 1), TokenFormat::kInt8)[0]);
    ASSERT_THAT(encoding, IsOk());
    const auto ids = hosted.collection->AllocateIds(1, 1);
    ASSERT_THAT(ids, IsOk());
    storage::WriteSet changes;
    storage::ItemRecord item;
    item.id = ids->first_item;
    item.paths = {{.path = path, .size_bytes = 1, .mtime_ns = 1}};
    item.units = {ids->first_unit};
    storage::NewUnit unit;
    unit.record.id = ids->first_unit;
    unit.record.item = item.id;
    unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = encoding->embedding}};
    unit.tokens = encoding->patches;
    changes.put_items.push_back(std::move(item));
    changes.put_units.push_back(std::move(unit));
    ASSERT_THAT(hosted.collection->Commit(changes), IsOk());
  }

  static Result<query::SearchAnswer> Search(HostedCollection& hosted, const std::string& words) {
    query::SearchRequest request;
    request.query.text = words;
    std::promise<Result<query::SearchAnswer>> promise;
    hosted.gatherer->Submit(std::move(request),
                            [&](Result<query::SearchAnswer> answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  }

  testing::TempDir data_;
  testing::FakeEncoder* encoder_ = nullptr;
  std::unique_ptr<Host> host_;
};

TEST_F(HostTest, MakesFindsAndSearchesCollections) {
  EXPECT_THAT(host_->Names().value(), IsEmpty());
  {
    const auto made = host_->Create("photos", Config());
    ASSERT_THAT(made, IsOk());
    Add(**made, "/p/red.png");
    const auto answer = Search(**made, "red");
    ASSERT_THAT(answer, IsOk());
    ASSERT_EQ(answer->hits.size(), 1U);
    EXPECT_EQ(answer->hits[0].path, "/p/red.png");
    EXPECT_TRUE(answer->hits[0].match_probability.has_value());
    const auto again = host_->Find("photos");
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ((*again)->collection, (*made)->collection) << "one process, one open collection";
    EXPECT_THAT(host_->Create("photos", Config()), IsError(ErrorCode::kAlreadyExists));
  }
  Reopen();
  EXPECT_THAT(host_->Names().value(), ElementsAre("photos"));
  EXPECT_THAT(host_->OpenOnes(), IsEmpty());
  EXPECT_THAT(host_->Create("photos", Config()), IsError(ErrorCode::kAlreadyExists));
  const auto found = host_->Find("photos");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(Search(**found, "red")->hits.size(), 1U);
  EXPECT_EQ(host_->OpenOnes().size(), 1U);
}

TEST_F(HostTest, UnknownAndImpossibleNames) {
  EXPECT_THAT(host_->Find("photos"), IsErrorWith(ErrorCode::kNotFound, "no collection \"photos\""));
  EXPECT_THAT(host_->Find("../photos"), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(host_->Create("a/b", Config()), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(host_->Drop("photos", {}), IsError(ErrorCode::kNotFound));
  EXPECT_THAT(host_->Names().value(), IsEmpty()) << "asking makes nothing";
}

TEST_F(HostTest, ManyWhoAskAtOnceGetOneCollection) {
  ASSERT_THAT(host_->Create("photos", Config()), IsOk());
  Reopen();
  std::vector<std::shared_ptr<HostedCollection>> found(8);
  {
    std::vector<std::jthread> threads;
    for (auto& one : found) threads.emplace_back([this, &one] { one = host_->Find("photos").value_or(nullptr); });
  }
  for (const auto& one : found) {
    ASSERT_NE(one, nullptr);
    EXPECT_EQ(one->collection, found[0]->collection);
  }
}

TEST_F(HostTest, CollectionsThatAreOpenedAreTold) {
  ASSERT_THAT(host_->Create("photos", Config()), IsOk());
  host_.reset();
  std::vector<std::string> opened;
  auto host = Host::Open({.data_dir = data_.path(), .encoder = nullptr, .on_open = [&opened](const std::string& name) {
                            opened.push_back(name);
                          }});
  ASSERT_THAT(host, IsOk());
  EXPECT_THAT((*host)->Create("made", {.model_name = "none", .model_fingerprint = "", .dim = 2}), IsOk());
  EXPECT_THAT(opened, IsEmpty());
  EXPECT_THAT((*host)->Find("photos"), IsOk());
  EXPECT_THAT((*host)->Find("photos"), IsOk());
  EXPECT_THAT(opened, ElementsAre("photos"));
}

TEST_F(HostTest, AnotherProcessCannotHaveWhatIsOpen) {
  ASSERT_THAT(host_->Create("photos", Config()), IsOk());
  const auto second = Host::Open({.data_dir = data_.path(), .encoder = nullptr});
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT((*second)->Find("photos"), IsError(ErrorCode::kFailedPrecondition));
}

TEST_F(HostTest, DropRemovesTheFolderAndTheNameIsFreeAgain) {
  ASSERT_THAT(host_->Create("photos", Config()), IsOk());
  ASSERT_THAT(host_->Create("others", Config()), IsOk());
  EXPECT_THAT(host_->Drop("photos", Limits::After(minutes(1))), IsOk());
  EXPECT_THAT(host_->Names().value(), ElementsAre("others"));
  EXPECT_FALSE(std::filesystem::exists(storage::CollectionFolder(data_.path(), "photos")));
  EXPECT_THAT(host_->Find("photos"), IsError(ErrorCode::kNotFound));
  EXPECT_THAT(host_->Create("photos", Config()), IsOk());
}

TEST_F(HostTest, DropIsRefusedWhileSomebodyHoldsTheCollection) {
  const auto held = host_->Create("photos", Config());
  ASSERT_THAT(held, IsOk());
  EXPECT_THAT(host_->Drop("photos", Limits::After(std::chrono::milliseconds(1))),
              IsErrorWith(ErrorCode::kFailedPrecondition, "in use"));
  Add(**held, "/p/red.png");
  EXPECT_EQ(Search(**held, "red")->hits.size(), 1U) << "it stays as it was";
  EXPECT_THAT(host_->Find("photos"), IsOk());
}

TEST_F(HostTest, DropWaitsForTheLastHolderAndRefusesNewOnes) {
  auto held = host_->Create("photos", Config());
  ASSERT_THAT(held, IsOk());
  auto dropped = std::async(std::launch::async, [this] { return host_->Drop("photos", {}); });
  while (host_->Find("photos").has_value()) std::this_thread::yield();
  EXPECT_THAT(host_->Find("photos"), IsErrorWith(ErrorCode::kUnavailable, "is being dropped"));
  EXPECT_THAT(host_->Create("photos", Config()), IsError(ErrorCode::kUnavailable));
  held->reset();
  EXPECT_THAT(dropped.get(), IsOk());
  EXPECT_THAT(host_->Names().value(), IsEmpty());
}

TEST_F(HostTest, EndingWaitsForASearchThatRuns) {
  auto held = host_->Create("photos", Config());
  ASSERT_THAT(held, IsOk());
  Add(**held, "/p/red.png");
  std::promise<void> begun;
  std::promise<void> go_on;
  encoder_->before_match = [&](size_t) {
    begun.set_value();
    go_on.get_future().wait();
  };
  std::promise<size_t> hits;
  query::SearchRequest request;
  request.query.text = "red";
  // As a route does: the callback holds the collection, and is the last to do so.
  (*held)->gatherer->Submit(request, [lease = *held, &hits](Result<query::SearchAnswer> answer) {
    hits.set_value(answer ? answer->hits.size() : 0);
  });
  held->reset();
  begun.get_future().wait();
  std::thread end([this] { host_.reset(); });
  go_on.set_value();
  EXPECT_EQ(hits.get_future().get(), 1U);
  end.join();
}

/// Of a job that goes on only when another search was answered, so that there are searches all the time.
class SearchAwaiter : public indexer::IndexObserver {
 public:
  explicit SearchAwaiter(const std::atomic<size_t>& searches) : searches_(searches) {}

  void OnProgress(const indexer::IndexProgress&) override {
    const size_t before = searches_;
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (searches_ == before && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  }
  void OnFileError(const storage::JobError& error) override { ADD_FAILURE() << error.reason; }
  void OnNote(const indexer::IndexNote&) override {}

 private:
  const std::atomic<size_t>& searches_;
};

TEST_F(HostTest, SearchesGoOnWhileAJobIndexes) {
  for (uint8_t i = 0; i < 100; ++i) {
    testing::WriteTestFile(data_ / ("in/" + std::to_string(i) + ".bmp"), testing::BmpBytes(8, 8, {i, 20, 40}));
  }
  const auto held = host_->Create("photos", Config());
  ASSERT_THAT(held, IsOk());
  Add(**held, "/p/red.png");
  encoder_->delay = std::chrono::milliseconds(1);
  std::atomic<bool> done{false};
  std::atomic<size_t> searches{0};
  std::jthread job([&] {
    const indexer::IndexOptions options = {.encode_batch = 16, .report_every = std::chrono::milliseconds(0)};
    indexer::Indexer indexer(*(*held)->collection, *(*held)->job_encoder, options);
    SearchAwaiter awaiter(searches);
    const auto report = indexer.Run({.paths = {data_ / "in"}}, &awaiter, {});
    EXPECT_THAT(report, IsOk());
    EXPECT_EQ(report->progress.added, 100U);
    done = true;
  });
  Epoch last;
  do {
    const auto answer = Search(**held, "red");
    ASSERT_THAT(answer, IsOk());
    EXPECT_GE(answer->hits.size(), 1U);
    EXPECT_EQ(answer->hits[0].path, "/p/red.png");
    EXPECT_GE(answer->epoch, last) << "what was seen once is not gone again";
    last = answer->epoch;
    ++searches;
  } while (!done);
  EXPECT_GT(searches, 3U);
  const auto after = Search(**held, "red");
  EXPECT_EQ(after->searched, 101U);
}

TEST_F(HostTest, WithoutAModelVectorsCanBeSearched) {
  host_.reset();
  auto host = Host::Open({.data_dir = data_.path(), .encoder = nullptr});
  ASSERT_THAT(host, IsOk());
  host_ = *std::move(host);
  EXPECT_EQ(host_->encoder(), nullptr);
  EXPECT_EQ(host_->job_encoder(), nullptr);
  const auto made = host_->Create("vectors", {.model_name = "none", .model_fingerprint = "", .dim = 8});
  ASSERT_THAT(made, IsOk());
  query::SearchRequest request;
  request.query.vector = Embedding(8, 1.0F);
  std::promise<Result<query::SearchAnswer>> answer;
  (*made)->gatherer->Submit(std::move(request),
                            [&](Result<query::SearchAnswer> result) { answer.set_value(std::move(result)); });
  EXPECT_THAT(answer.get_future().get(), IsOk());
  EXPECT_THAT(Search(**made, "red"), IsError(ErrorCode::kFailedPrecondition));
}

TEST(HeldViewsTest, AreFewAndForAShortTime) {
  testing::TempDir folder;
  const auto collection =
      storage::Collection::Create(folder / "c", {.model_name = "none", .model_fingerprint = "", .dim = 8});
  ASSERT_THAT(collection, IsOk());
  std::vector<std::shared_ptr<const storage::IndexView>> views = {(*collection)->View()};
  for (uint64_t i = 1; i < 4; ++i) {
    const auto ids = (*collection)->AllocateIds(1, 1);
    ASSERT_THAT(ids, IsOk());
    storage::WriteSet changes;
    storage::ItemRecord item;
    item.id = ids->first_item;
    item.paths = {{.path = std::to_string(i), .size_bytes = 1, .mtime_ns = 1}};
    item.units = {ids->first_unit};
    storage::NewUnit unit;
    unit.record.id = ids->first_unit;
    unit.record.item = item.id;
    unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = {1, 0, 0, 0, 0, 0, 0, 0}}};
    changes.put_items.push_back(std::move(item));
    changes.put_units.push_back(std::move(unit));
    ASSERT_THAT((*collection)->Commit(changes), IsOk());
    views.push_back((*collection)->View());
  }
  HeldViews held(2, std::chrono::seconds(10));
  const HeldViews::Clock::time_point start{};
  held.Hold(views[0], start);
  held.Hold(views[1], start + std::chrono::seconds(1));
  EXPECT_EQ(held.Find(views[0]->epoch(), start + std::chrono::seconds(2)), views[0]);
  held.Hold(views[2], start + std::chrono::seconds(3));
  EXPECT_EQ(held.Find(views[0]->epoch(), start + std::chrono::seconds(3)), nullptr) << "two are held";
  held.Hold(views[1], start + std::chrono::seconds(5));  // Used again.
  held.Hold(views[3], start + std::chrono::seconds(6));
  EXPECT_EQ(held.Find(views[1]->epoch(), start + std::chrono::seconds(7)), views[1]);
  EXPECT_EQ(held.Find(views[1]->epoch(), start + std::chrono::seconds(16)), nullptr) << "ten seconds are over";
  EXPECT_EQ(held.Find(views[3]->epoch(), start + std::chrono::seconds(16)), views[3]);
  held.Clear();
  EXPECT_EQ(held.Find(views[3]->epoch(), start + std::chrono::seconds(16)), nullptr);
}

TEST_F(HostTest, AllCollectionsKeepPatchesWithinOneBudget) {
  const auto search = [this](const std::string& name) {
    auto hosted = host_->Find(name);
    if (!hosted) hosted = host_->Create(name, Config());
    if ((*hosted)->collection->View()->unit_count() == 0) Add(**hosted, "/p/red.png");
    EXPECT_THAT(Search(**hosted, "red"), IsOk());
    return (*hosted)->searcher->patch_cache_size_bytes();
  };
  const size_t one = search("cats");
  ASSERT_GT(one, 0U);
  EXPECT_EQ(search("dogs"), one);
  EXPECT_EQ(host_->patch_pool()->size_bytes(), 2 * one);
  Reopen({.patch_cache_bytes = one});
  EXPECT_EQ(search("cats"), one);
  EXPECT_EQ(search("dogs"), one);
  EXPECT_EQ(host_->patch_pool()->size_bytes(), one) << "the other's have gone";
  EXPECT_THAT(host_->Drop("dogs", {}), IsOk());
  EXPECT_EQ(host_->patch_pool()->size_bytes(), 0U);
}

}  // namespace
}  // namespace sightline::http
