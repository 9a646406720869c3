// SPDX-License-Identifier: BSD-3-Clause
#include "query/pair_scores.h"

#include <map>
#include <stop_token>

#include "tests/query/query_fixture.h"

namespace sightline::query {
namespace {

using testing::IsError;
using testing::IsOk;

class PairScoresTest : public QueryFixture {
 protected:
  StoredContent Stored(ItemId item) {
    return {std::shared_ptr<storage::Collection>(std::shared_ptr<void>(), collection_.get()), item};
  }
  std::vector<Result<PairScore>> Score(const Content& query, const std::vector<PairDocument>& documents,
                                       PairUsage* usage = nullptr) {
    auto scores = ScorePairs(query, documents, encoder_, {}, usage);
    EXPECT_THAT(scores, IsOk());
    return scores ? *std::move(scores) : std::vector<Result<PairScore>>(documents.size());
  }
  // Every hit of a search scores as its item does, and as `documents[path]` does.
  void ExpectAsSearched(const SearchRequest& request, const Content& query,
                        const std::map<std::string, PairDocument>& documents) {
    const auto answer = Search(request);
    ASSERT_THAT(answer, IsOk());
    ASSERT_EQ(answer->hits.size(), documents.size());
    for (const Hit& hit : answer->hits) {
      const auto scores = Score(query, {Stored(hit.item), documents.at(hit.path)});
      for (const Result<PairScore>& score : scores) {
        ASSERT_THAT(score, IsOk()) << hit.path;
        EXPECT_NEAR(score->coarse_score, hit.coarse_score, 1e-5) << hit.path;
        ASSERT_EQ(score->match_logit.has_value(), hit.match_logit.has_value()) << hit.path;
        if (!hit.match_logit) continue;
        EXPECT_NEAR(*score->match_logit, *hit.match_logit, 0.02) << hit.path;  // Stored patches are fp16.
        EXPECT_NEAR(*score->match_probability, *hit.match_probability, 0.01) << hit.path;
      }
    }
  }
};

TEST_F(PairScoresTest, WordsAgainstPicturesScoreAsInASearch) {
  const std::map<std::string, PairDocument> pictures = {
      {"red", MakePicture(kRed)}, {"blue", MakePicture(kBlue)}, {"spot", MakePicture(kBlue, kRed)}};
  for (const auto& [path, picture] : pictures) Add(std::get<ImageRgb8>(picture), path);
  ExpectAsSearched(Words("red"), "red", pictures);
}

TEST_F(PairScoresTest, APictureAgainstWordsScoresAsInASearch) {
  const std::map<std::string, PairDocument> captions = {{"a", "red"}, {"b", "a blue house"}};
  for (const auto& [path, words] : captions) AddCaption(path, std::get<std::string>(words));
  SearchRequest request;
  request.query.picture = MakePicture(kRed);
  request.filter.types = {UnitType::kText};
  ExpectAsSearched(request, MakePicture(kRed), captions);
}

TEST_F(PairScoresTest, LikeAgainstLikeIsComparedByEmbeddingAlone) {
  const auto words = Score("red", {"red", "blue"});
  EXPECT_NEAR(words[0]->coarse_score, 1, 1e-5);
  EXPECT_LT(words[1]->coarse_score, 0.9);
  EXPECT_EQ(words[0]->match_logit, std::nullopt);
  EXPECT_EQ(words[0]->match_probability, std::nullopt);
  const auto pictures = Score(MakePicture(kRed), {MakePicture(kRed), Stored(Add(MakePicture(kRed), "red"))});
  for (const Result<PairScore>& score : pictures) {
    EXPECT_NEAR(score->coarse_score, 1, 1e-5);
    EXPECT_EQ(score->match_logit, std::nullopt);
  }
  EXPECT_EQ(encoder_.match_calls, 0U);
}

TEST_F(PairScoresTest, AVideoIsItsNearestClip) {
  const ItemId video = AddVideo("v", {{.start_ms = 0, .end_ms = 1000, .frames = {MakePicture(kBlue)}},
                                      {.start_ms = 1000, .end_ms = 2000, .frames = {MakePicture(kRed)}}});
  const auto scores = Score("red", {Stored(video), MakePicture(kRed)});
  ASSERT_THAT(scores[0], IsOk());
  EXPECT_NEAR(scores[0]->coarse_score, scores[1]->coarse_score, 1e-5);
  EXPECT_NEAR(*scores[0]->match_logit, *scores[1]->match_logit, 0.02);
}

TEST_F(PairScoresTest, ManyDocumentsKeepTheirOrder) {
  std::vector<PairDocument> documents;
  for (int i = 0; i < 50; ++i) {
    if (i % 3 == 0) documents.emplace_back("word" + std::to_string(i));
    if (i % 3 == 1) documents.emplace_back(MakePicture(i == 25 ? kRed : kBlue));
    if (i % 3 == 2) documents.emplace_back(Stored(Add(MakePicture(i == 26 ? kRed : kGreen), std::to_string(i))));
  }
  PairUsage usage;
  const auto scores = Score("red", documents, &usage);
  ASSERT_EQ(scores.size(), documents.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    ASSERT_THAT(scores[i], IsOk()) << i;
    EXPECT_EQ(scores[i]->match_logit.has_value(), i % 3 != 0) << i;
    if (i % 3 != 0) {
      EXPECT_EQ(*scores[i]->match_logit > 0, i == 25 || i == 26) << i;
    }
  }
  EXPECT_GT(usage.text_tokens, 17U);
}

TEST_F(PairScoresTest, FailuresStayWithTheirDocuments) {
  encoder_.text_error = [](std::string_view text) -> std::optional<Error> {
    if (text == "bad") return Error{ErrorCode::kInvalidArgument, "bad words"};
    return std::nullopt;
  };
  const auto scores = Score("red", {"bad", Stored(ItemId{999}), MakePicture(kRed)});
  EXPECT_THAT(scores[0], IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(scores[1], IsError(ErrorCode::kNotFound));
  EXPECT_THAT(scores[2], IsOk());
}

TEST_F(PairScoresTest, ItemsOfAnotherModelAreRefused) {
  const ItemId item = Add(MakePicture(kRed), "red");
  encoder_.mutable_info().fingerprint = "other";
  EXPECT_THAT(Score("red", {Stored(item)})[0], IsError(ErrorCode::kFailedPrecondition));
}

TEST_F(PairScoresTest, PatchesThatAreGoneAreUnavailable) {
  const ItemId item = Add(MakePicture(kRed), AddOptions{.path = "/no/such/file.jpg", .with_patches = false});
  EXPECT_THAT(Score("red", {Stored(item)})[0], IsError(ErrorCode::kUnavailable));
}

TEST_F(PairScoresTest, AQueryThatFailsAndAStopEndTheWhole) {
  const std::vector<PairDocument> documents = {MakePicture(kRed)};
  encoder_.text_error = [](std::string_view) { return Error{ErrorCode::kInvalidArgument, "nothing left"}; };
  EXPECT_THAT(ScorePairs("?!", documents, encoder_, {}), IsError(ErrorCode::kInvalidArgument));
  encoder_.text_error = nullptr;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(ScorePairs("red", documents, encoder_, {.stop = stop.get_token()}), IsError(ErrorCode::kCancelled));
}

TEST_F(PairScoresTest, WithoutDocumentsThereAreNoScores) { EXPECT_TRUE(Score("red", {}).empty()); }

}  // namespace
}  // namespace sightline::query
