// SPDX-License-Identifier: BSD-3-Clause
// Patches from memory and read ahead: the same answers, never of what was replaced.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "encoder/preprocess.h"
#include "media/content_hash.h"
#include "media/image.h"
#include "query/chunk_reader.h"
#include "tests/query/query_fixture.h"

namespace sightline::query {
namespace {

using ::testing::HasSubstr;
using testing::IsErrorWith;
using testing::IsOk;

// Waits until `reached` says so; false when it does not for long.
bool WaitUntil(const std::function<bool()>& reached) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!reached() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return reached();
}

class TokenReadingTest : public QueryFixture {
 protected:
  // Pictures that are equally far from every word, each with patches of its own.
  void AddPictures(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      Add(MakePicture({static_cast<uint8_t>(50 + i), 100, 100}, kRed), "/p/" + std::to_string(i));
    }
  }

  Result<SearchAnswer> SearchWith(const Searcher& searcher, SearchRequest request) {
    return std::move(searcher.Search(std::span(&request, 1))[0]);
  }

  // Calls of GetTokens.
  std::atomic<size_t> reads_{0};
  std::unique_ptr<HookedCollection> counted_;

  const HookedCollection& Counted() {
    counted_ = std::make_unique<HookedCollection>(*collection_, [this] { ++reads_; });
    return *counted_;
  }

  // Puts the item's only unit again, with the patches of another picture.
  void ReplacePatches(ItemId item, const ImageRgb8& picture) {
    const encoder::ImageRequest request = {.model_pixels = &picture, .limits = {}};
    auto encoding = std::move(encoder_.EncodeImages(std::span(&request, 1), TokenFormat::kFp16)[0]);
    ASSERT_THAT(encoding, IsOk());
    storage::WriteSet changes;
    changes.put_items.push_back((*collection_->records().GetItems(std::span(&item, 1)))[0].value());
    storage::NewUnit unit;
    unit.record = (*collection_->records().GetUnits(changes.put_items[0].units))[0].value();
    unit.tokens = std::move(encoding->patches);
    changes.put_units.push_back(std::move(unit));
    ASSERT_THAT(collection_->Commit(changes), IsOk());
  }
};

TEST_F(TokenReadingTest, ASecondSearchReadsNothingAndAnswersTheSame) {
  AddPictures(5);
  const Searcher searcher(Counted(), &encoder_);
  const auto first = SearchWith(searcher, Words("red"));
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->patches_cached, 0U);
  EXPECT_EQ(reads_, 1U);
  const auto second = SearchWith(searcher, Words("red"));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->patches_cached, 5U);
  EXPECT_EQ(reads_, 1U);
  EXPECT_EQ(PathsOf(*second), PathsOf(*first));
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(second->hits[i].match_logit, first->hits[i].match_logit);
}

TEST_F(TokenReadingTest, WithoutABudgetEverySearchReads) {
  AddPictures(5);
  const Searcher searcher(Counted(), &encoder_, {.patch_cache_bytes = 0});
  ASSERT_THAT(SearchWith(searcher, Words("red")), IsOk());
  const auto second = SearchWith(searcher, Words("red"));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->patches_cached, 0U);
  EXPECT_EQ(reads_, 2U);
}

TEST_F(TokenReadingTest, AReplacedUnitIsReadAgain) {
  const ItemId item = Add(MakePicture(kBlue, kRed), "/p/a");
  Add(MakePicture(kGreen), "/p/b");
  const Searcher searcher(Counted(), &encoder_);
  const auto before = SearchWith(searcher, Words("red"));
  ASSERT_THAT(before, IsOk());
  ASSERT_EQ(before->hits[0].path, "/p/a");
  ReplacePatches(item, MakePicture(kBlue));
  const auto after = SearchWith(searcher, Words("red"));
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->patches_cached, 1U) << "the other one's";
  const auto logit_of = [](const SearchAnswer& answer, const std::string& path) {
    const auto hit =
        std::find_if(answer.hits.begin(), answer.hits.end(), [&](const Hit& each) { return each.path == path; });
    return hit->match_logit.value();
  };
  EXPECT_LT(logit_of(*after, "/p/a"), logit_of(*before, "/p/a") - 1) << "nothing red is left in it";
  EXPECT_EQ(after->reranked, 2U);
  const auto fresh = Search(Words("red"));
  ASSERT_THAT(fresh, IsOk());
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(after->hits[i].match_logit, fresh->hits[i].match_logit);
}

TEST_F(TokenReadingTest, ARemovedUnitIsGoneAlthoughItsPatchesAreInMemory) {
  const ItemId item = Add(MakePicture(kBlue, kRed), "/p/a");
  Add(MakePicture(kGreen), "/p/b");
  const Searcher searcher(Counted(), &encoder_);
  ASSERT_THAT(SearchWith(searcher, Words("red")), IsOk());
  ASSERT_THAT(collection_->Commit({.put_items = {}, .put_units = {}, .remove_items = {item}, .put_job = {}}), IsOk());
  const auto after = SearchWith(searcher, Words("red"));
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(PathsOf(*after), std::vector<std::string>{"/p/b"});
  EXPECT_FALSE(after->degraded) << after->degraded_reason;
}

TEST_F(TokenReadingTest, OneQueryIsReadInTwoPartsAndTheSecondWhileTheFirstIsReranked) {
  AddPictures(64);
  const Searcher searcher(Counted(), &encoder_);
  bool read_ahead = false;
  encoder_.before_match = [&](size_t) {
    if (encoder_.match_calls == 0) read_ahead = WaitUntil([&] { return reads_ == 2U; });
  };
  const auto answer = SearchWith(searcher, Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(read_ahead) << "the second part waited for the encoder";
  EXPECT_EQ(encoder_.match_calls, 2U);
  EXPECT_EQ(answer->reranked, 64U);
}

TEST_F(TokenReadingTest, PartsGiveWhatOneCallGives) {
  AddPictures(64);
  SearchRequest request = Words("red");
  request.top_k = 64;
  const auto in_parts = Search(request);
  ASSERT_THAT(in_parts, IsOk());
  ASSERT_EQ(encoder_.match_calls, 2U);
  request.rerank_depth = 30;
  const auto at_once = Search(request);
  ASSERT_THAT(at_once, IsOk());
  ASSERT_EQ(encoder_.match_calls, 3U);
  for (size_t i = 0; i < 30; ++i) {
    const Hit& hit = at_once->hits[i];
    const auto same = std::find_if(in_parts->hits.begin(), in_parts->hits.end(),
                                   [&](const Hit& other) { return other.unit == hit.unit; });
    ASSERT_NE(same, in_parts->hits.end());
    EXPECT_EQ(same->match_logit, hit.match_logit);
  }
}

TEST_F(TokenReadingTest, OfALargeBatchOnlyTheNextPartIsReadAhead) {
  AddPictures(64);
  const Searcher searcher(Counted(), &encoder_, {.patch_cache_bytes = 0});
  size_t most_ahead = 0;
  encoder_.before_match = [&](size_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // time to run too far ahead in
    most_ahead = std::max<size_t>(most_ahead, reads_ - encoder_.match_calls);
  };
  const std::vector<SearchRequest> requests(32, Words("red"));  // 2,048 pairs: 8 parts
  const auto answers = searcher.Search(requests);
  for (const auto& answer : answers) {
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->reranked, 64U);
  }
  EXPECT_EQ(reads_, 8U);
  EXPECT_EQ(encoder_.match_calls, 8U);
  EXPECT_LE(most_ahead, 3U) << "one in hand, one that waits, one on its way";
}

TEST_F(TokenReadingTest, ADeadlineBetweenTwoPartsKeepsWhatWasReranked) {
  AddPictures(64);
  const HookedCollection slow(*collection_, [this] {
    if (++reads_ % 2 == 0) PassDeadline();
  });
  SearchRequest request = Words("red");
  request.top_k = 64;
  const auto answer = SearchPastDeadline(slow, request, [this](const Result<SearchAnswer>& tried) {
    reads_ = 0;
    return tried && tried->reranked > 0;
  });
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->degraded);
  EXPECT_THAT(answer->degraded_reason, HasSubstr("only the first 32 candidates"));
  EXPECT_EQ(answer->reranked, 32U);
  ASSERT_EQ(answer->hits.size(), 64U);
  EXPECT_TRUE(answer->hits[31].match_logit);
  EXPECT_FALSE(answer->hits[32].match_logit);
}

TEST_F(TokenReadingTest, AReadErrorInTheSecondPartIsTheAnswersError) {
  AddPictures(64);
  HookedCollection* failing = nullptr;
  HookedCollection hooked(*collection_, [&] {
    if (++reads_ == 2) failing->token_error = Error{ErrorCode::kCorruption, "a bad block"};
  });
  failing = &hooked;
  EXPECT_THAT(SearchWith(Searcher(hooked, &encoder_), Words("red")), IsErrorWith(ErrorCode::kCorruption, "bad block"));
}

TEST_F(TokenReadingTest, PatchesThatWereEncodedAgainStayInMemoryToo) {
  collection_ = MakeCollection(storage::PatchStorage::kNone);
  const testing::TempDir folder;
  const auto path = folder / "photo.jpg";
  std::filesystem::copy_file(testing::SourceTree("samples/photos/photo-001.jpg"), path);
  const auto source = media::Source::FromFile(path);
  const auto picture = media::DecodeImage(source, {});
  ASSERT_THAT(picture, IsOk());
  const auto pixels = encoder::ResizeToModelPixels(*picture, 4);
  ASSERT_THAT(pixels, IsOk());
  const auto hash = media::HashContent(source, {});
  ASSERT_THAT(hash, IsOk());
  const ItemId item = Add(*pixels, {.path = path.string(), .with_patches = false, .hash = *hash});
  const Searcher searcher(*collection_, &encoder_);
  encoder_.images_encoded = 0;
  const auto first = SearchWith(searcher, Words("red"));
  const auto second = SearchWith(searcher, Words("red"));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(encoder_.images_encoded, 1U);
  EXPECT_EQ(first->patches_cached, 0U);
  EXPECT_EQ(second->patches_cached, 1U);
  EXPECT_EQ(second->hits[0].match_logit, first->hits[0].match_logit);
  // Another content under the same unit: the file has to be read again, and no longer has what the item says.
  storage::WriteSet changes;
  changes.put_items.push_back((*collection_->records().GetItems(std::span(&item, 1)))[0].value());
  changes.put_items[0].hash[0] ^= 1;
  storage::NewUnit unit;
  unit.record = (*collection_->records().GetUnits(changes.put_items[0].units))[0].value();
  changes.put_units.push_back(std::move(unit));
  ASSERT_THAT(collection_->Commit(changes), IsOk());
  const auto third = SearchWith(searcher, Words("red"));
  ASSERT_THAT(third, IsOk());
  EXPECT_EQ(third->reranked, 0U);
  EXPECT_EQ(third->patches_cached, 0U);
}

}  // namespace
}  // namespace sightline::query
