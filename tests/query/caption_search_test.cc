// SPDX-License-Identifier: BSD-3-Clause
#include "query/searcher.h"
#include "tests/query/query_fixture.h"

namespace sightline::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsErrorWith;
using testing::IsOk;

// Captions beside pictures. A blue picture with a red spot is nearer to "blue" by its mean colour, and fits "red" as
// well as "blue" by its best patch.
class CaptionSearchTest : public QueryFixture {
 protected:
  CaptionSearchTest() { Fill(); }

  void Fill() {
    Add(MakePicture(kRed), "/p/red.png");
    AddCaption("/c.jsonl#1", "red");
    AddCaption("/c.jsonl#2", "blue");
    AddCaption("/c.jsonl#3", "green");
    AddCaption("/c.jsonl#4", "a red thing");
  }

  static SearchRequest Picture(const ImageRgb8& picture, std::vector<UnitType> types = {UnitType::kText}) {
    SearchRequest request;
    request.query.picture = picture;
    request.filter.types = std::move(types);
    return request;
  }

  // What the model says about a picture and some words.
  float LogitOf(const ImageRgb8& picture, const std::string& words) {
    const encoder::ImageRequest image = {.model_pixels = &picture, .limits = {}};
    const encoder::TextRequest text = {.text = words, .limits = {}};
    const auto patches = encoder_.EncodeImages(std::span(&image, 1), TokenFormat::kFp32);
    const auto states = encoder_.EncodeTexts(std::span(&text, 1));
    const TokenMatrix* grid = &patches[0]->patches;
    const encoder::MatchRequest request = {
        .token_states = &states[0]->token_states, .patches = std::span(&grid, 1), .limits = {}};
    return (*encoder_.Match(std::span(&request, 1))[0])[0];
  }
};

TEST_F(CaptionSearchTest, APictureIsReadAgainstCaptions) {
  const ImageRgb8 picture = MakePicture(kBlue, kRed);
  const auto answer = Search(Picture(picture));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->reranked, 4U);
  EXPECT_FALSE(answer->degraded) << answer->degraded_reason;
  ASSERT_EQ(answer->hits.size(), 4U);
  for (const Hit& hit : answer->hits) {
    EXPECT_EQ(hit.type, UnitType::kText);
    const auto& words = std::get<std::string>(hit.metadata.find(metadata_key::kText)->second[0]);
    EXPECT_NEAR(*hit.match_logit, LogitOf(picture, words), 0.02) << words;
    EXPECT_TRUE(hit.match_probability);
  }
  EXPECT_EQ(encoder_.match_calls, 1U + 4U);  // One for the search, four for LogitOf.
}

TEST_F(CaptionSearchTest, RerankingChangesTheOrderOfCaptions) {
  SearchRequest request = Picture(MakePicture(kBlue, kRed));
  request.top_k = 2;
  const auto reranked = Search(request);
  ASSERT_THAT(reranked, IsOk());
  EXPECT_THAT(PathsOf(*reranked), ::testing::UnorderedElementsAre("/c.jsonl#1", "/c.jsonl#2"));
  EXPECT_NEAR(*reranked->hits[0].match_logit, *reranked->hits[1].match_logit, 0.05);
  request.rerank_depth = 0;
  const auto coarse = Search(request);
  ASSERT_THAT(coarse, IsOk());
  EXPECT_EQ(coarse->hits[0].path, "/c.jsonl#2");
  EXPECT_FALSE(coarse->hits[0].match_probability);
}

TEST_F(CaptionSearchTest, MinMatchIsAllowedForAPictureAmongCaptionsAlone) {
  SearchRequest request = Picture(MakePicture(kGreen));
  request.min_match = 0.9;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/c.jsonl#3"));
  EXPECT_EQ(answer->below_min_match, 3U);
  for (const auto& types : {std::vector<UnitType>{}, {UnitType::kImage}, {UnitType::kText, UnitType::kImage}}) {
    SearchRequest mixed = Picture(MakePicture(kGreen), types);
    mixed.min_match = 0.9;
    EXPECT_THAT(Search(mixed), IsErrorWith(ErrorCode::kInvalidArgument, "min_match needs words"));
  }
}

TEST_F(CaptionSearchTest, WordsAgainstCaptionsHaveNoProbability) {
  SearchRequest request = Words("red");
  request.filter.types = {UnitType::kText};
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->hits.at(0).path, "/c.jsonl#1");
  for (const Hit& hit : answer->hits) EXPECT_FALSE(hit.match_logit || hit.match_probability);
  EXPECT_EQ(answer->reranked, 0U);
  EXPECT_EQ(encoder_.match_calls, 0U);
  EXPECT_FALSE(answer->degraded);
}

TEST_F(CaptionSearchTest, WordsAndPicturesSearchWhatCanBeSeenUnlessTypesAreNamed) {
  const auto words = Search(Words("red"));
  ASSERT_THAT(words, IsOk());
  EXPECT_THAT(PathsOf(*words), ElementsAre("/p/red.png"));
  EXPECT_EQ(words->searched, 1U);
  const auto picture = Search(Picture(MakePicture(kRed), {}));
  ASSERT_THAT(picture, IsOk());
  EXPECT_THAT(PathsOf(*picture), ElementsAre("/p/red.png"));
}

TEST_F(CaptionSearchTest, AnItemOrVectorSearchesEverything) {
  SearchRequest request;
  request.query.vector = Embedding{1, 0, 0, 0, 0, 0, 0, 0};
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->hits.size(), 5U);
}

TEST_F(CaptionSearchTest, APictureWithWordsIsReadByTheHalfThatFitsTheUnit) {
  const ImageRgb8 picture = MakePicture(kGreen);
  SearchRequest request = Picture(picture, {UnitType::kImage, UnitType::kText});
  request.query.text = "red";
  encoder_.mutable_info().calibration.coarse_weight = 2;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->reranked, 5U);
  const auto words_alone = Search(Words("red"));
  const auto picture_alone = Search(Picture(picture));
  ASSERT_THAT(words_alone, IsOk());
  ASSERT_THAT(picture_alone, IsOk());
  for (const Hit& hit : answer->hits) {
    const SearchAnswer& alone = hit.type == UnitType::kText ? *picture_alone : *words_alone;
    const auto same =
        std::find_if(alone.hits.begin(), alone.hits.end(), [&](const Hit& other) { return other.unit == hit.unit; });
    ASSERT_NE(same, alone.hits.end()) << hit.path;
    EXPECT_NEAR(*hit.match_probability, *same->match_probability, 1e-6) << hit.path;
  }
}

TEST_F(CaptionSearchTest, AnItemIsReadAgainstCaptionsWhenTheyAloneAreSearched) {
  const ImageRgb8 picture = MakePicture(kBlue, kRed);
  SearchRequest request;
  request.query.item = Add(picture, "/p/spot.png");
  request.filter.types = {UnitType::kText};
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->reranked, 4U);
  for (const Hit& hit : answer->hits) {
    const auto& words = std::get<std::string>(hit.metadata.find(metadata_key::kText)->second[0]);
    EXPECT_NEAR(*hit.match_logit, LogitOf(picture, words), 0.02) << words;
  }
  request.filter.types = {};
  const auto everything = Search(request);
  ASSERT_THAT(everything, IsOk());
  EXPECT_EQ(everything->reranked, 0U);
}

TEST_F(CaptionSearchTest, AClipIsReadAgainstCaptionsAsAWhole) {
  SearchRequest request;
  request.query.item = AddVideo("/v.mp4", {{.start_ms = 0, .end_ms = 1000, .frames = {MakePicture(kRed)}}});
  request.filter.types = {UnitType::kText};
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->hits.at(0).path, "/c.jsonl#1");
  EXPECT_NEAR(*answer->hits[0].match_logit, LogitOf(MakePicture(kRed), "red"), 0.02);
}

TEST_F(CaptionSearchTest, AnItemWithoutPatchesIsComparedByEmbedding) {
  SearchRequest request;
  request.filter.types = {UnitType::kText};
  request.query.item = Add(MakePicture(kBlue), AddOptions{.path = "/gone.png", .with_patches = false});
  const auto gone = Search(request);
  ASSERT_THAT(gone, IsOk());
  EXPECT_TRUE(gone->degraded);
  EXPECT_EQ(gone->hits.at(0).path, "/c.jsonl#2");
  EXPECT_FALSE(gone->hits[0].match_logit);
  request.query.item = AddCaption("/c.jsonl#5", "a green thing");
  const auto caption = Search(request);
  ASSERT_THAT(caption, IsOk());
  EXPECT_FALSE(caption->degraded);
  EXPECT_EQ(caption->reranked, 0U);
  request.query.item = ItemId{1};
  auto without_model = std::move(Searcher(*collection_, nullptr).Search(std::span(&request, 1))[0]);
  ASSERT_THAT(without_model, IsOk());
  EXPECT_EQ(without_model->reranked, 0U);
}

TEST_F(CaptionSearchTest, ACaptionWithoutTokenStatesIsNotReranked) {
  AddCaption("/c.jsonl#5", "white", false);
  const auto answer = Search(Picture(MakePicture(kRed)));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->reranked, 4U);
  EXPECT_TRUE(answer->degraded);
  EXPECT_THAT(answer->degraded_reason, HasSubstr("1 of 5"));
}

TEST_F(CaptionSearchTest, WithoutStoredTokensTheWordsAreEncodedAgain) {
  const auto stored = Search(Picture(MakePicture(kBlue, kRed)));
  collection_ = MakeCollection(storage::PatchStorage::kNone);
  AddCaption("/c.jsonl#1", "red", false);
  AddCaption("/c.jsonl#2", "blue", false);
  AddCaption("/c.jsonl#3", "green", false);
  AddCaption("/c.jsonl#4", "a red thing", false);
  const auto again = Search(Picture(MakePicture(kBlue, kRed)));
  ASSERT_THAT(stored, IsOk());
  ASSERT_THAT(again, IsOk());
  EXPECT_FALSE(again->degraded) << again->degraded_reason;
  ASSERT_EQ(PathsOf(*again), PathsOf(*stored));
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(*again->hits[i].match_logit, *stored->hits[i].match_logit, 0.02);
}

TEST_F(CaptionSearchTest, ADeadlineInsideTheFusionEncoderDegrades) {
  encoder_.match_error = Error{ErrorCode::kDeadlineExceeded, "too late"};
  const auto answer = Search(Picture(MakePicture(kBlue)));
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->degraded);
  EXPECT_EQ(answer->hits[0].path, "/c.jsonl#2");
  EXPECT_FALSE(answer->hits[0].match_probability);
  encoder_.match_error = Error{ErrorCode::kInternal, "broken"};
  EXPECT_THAT(Search(Picture(MakePicture(kBlue))), IsErrorWith(ErrorCode::kInternal, "broken"));
}

}  // namespace
}  // namespace sightline::query
