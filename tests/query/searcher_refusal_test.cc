// SPDX-License-Identifier: BSD-3-Clause
// Requests that no search is made for.
#include <limits>

#include "tests/query/searcher_fixture.h"

namespace sightline::query {
namespace {

using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

class SearcherRefusalTest : public SearcherTest {};

TEST_F(SearcherRefusalTest, NothingOrTooMuchToSearchFor) {
  EXPECT_THAT(Search({}), IsErrorWith(ErrorCode::kInvalidArgument, "nothing to search for"));
  SearchRequest request;
  request.query.item = purple_;
  request.query.picture = MakePicture(kRed);
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "too much"));
  request = {};
  request.query.picture = ImageRgb8{};
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "no pixels"));
}

TEST_F(SearcherRefusalTest, EmptyOrPunctuationOnlyWords) {
  EXPECT_THAT(Search(Words("")), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(Search(Words(" ?!. ,")), IsError(ErrorCode::kInvalidArgument));
  SearchRequest with_picture = Words("...");
  with_picture.query.picture = MakePicture(kRed);
  EXPECT_THAT(Search(with_picture), IsError(ErrorCode::kInvalidArgument));
}

TEST_F(SearcherRefusalTest, NumbersOutOfRange) {
  SearchRequest request = Words("red");
  request.top_k = 0;
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "top_k"));
  request.top_k = 1001;
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "1001"));
  request = Words("red");
  request.rerank_depth = 1025;
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "1025"));
  for (const double bad : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    request = Words("red");
    request.min_match = bad;
    EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "min_match"));
  }
}

TEST_F(SearcherRefusalTest, MinMatchWithoutWordsAgainstPatches) {
  SearchRequest picture;
  picture.query.picture = MakePicture(kRed);
  SearchRequest item;
  item.query.item = purple_;
  SearchRequest vector;
  vector.query.vector = Embedding(8, 1.0F);
  for (SearchRequest* request : {&picture, &item, &vector}) {
    request->min_match = 0.5;
    EXPECT_THAT(Search(*request), IsErrorWith(ErrorCode::kInvalidArgument, "min_match needs words"));
  }
  SearchRequest words = Words("red");
  words.min_match = 0.5;
  words.rerank_depth = 0;
  EXPECT_THAT(Search(words), IsErrorWith(ErrorCode::kInvalidArgument, "rerank"));
  words.rerank_depth = 64;
  words.filter.types = {UnitType::kText};
  EXPECT_THAT(Search(words), IsErrorWith(ErrorCode::kInvalidArgument, "match"));
}

TEST_F(SearcherRefusalTest, UnknownItemAndUnusableVectors) {
  SearchRequest request;
  request.query.item = ItemId{999};
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kNotFound, "999"));
  request = {};
  request.query.vector = Embedding(7, 1.0F);
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "7 numbers"));
  request.query.vector = Embedding(8, 0.0F);
  EXPECT_THAT(Search(request), IsError(ErrorCode::kInvalidArgument));
  request.query.vector = Embedding(8, std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(Search(request), IsError(ErrorCode::kInvalidArgument));
}

TEST_F(SearcherRefusalTest, AnotherModelIsNamedBesideTheCollections) {
  encoder_.mutable_info().fingerprint = "other-fingerprint";
  encoder_.mutable_info().config.name = "newcomer";
  const auto answer = Search(Words("red"));
  EXPECT_THAT(answer, IsErrorWith(ErrorCode::kFailedPrecondition, "fake"));
  EXPECT_THAT(answer, IsErrorWith(ErrorCode::kFailedPrecondition, "newcomer"));
  EXPECT_EQ(encoder_.text_calls, 0U);
}

TEST_F(SearcherRefusalTest, WordsWithoutAModel) {
  const SearchRequest request = Words("red");
  EXPECT_THAT(Searcher(*collection_, nullptr).Search(std::span(&request, 1))[0],
              IsError(ErrorCode::kFailedPrecondition));
}

TEST_F(SearcherRefusalTest, WordsInACollectionOfRawVectors) {
  auto raw = testing::MemoryCollection::Create({.model_name = "none", .model_fingerprint = "", .dim = 8});
  ASSERT_THAT(raw, IsOk());
  const SearchRequest request = Words("red");
  EXPECT_THAT(Searcher(**raw, &encoder_).Search(std::span(&request, 1))[0],
              IsErrorWith(ErrorCode::kFailedPrecondition, "raw vectors"));
}

}  // namespace
}  // namespace sightline::query
