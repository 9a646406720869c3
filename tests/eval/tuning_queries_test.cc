// SPDX-License-Identifier: BSD-3-Clause
#include "eval/tuning_queries.h"

#include <cmath>
#include <numeric>
#include <random>

#include "eval/exact_neighbors.h"
#include "eval/tuning.h"
#include "tests/indexer/transfer/npy_bytes.h"
#include "tests/query/query_fixture.h"

namespace sightline::eval {
namespace {

using query::Colour;
using query::MakePicture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using ::testing::SizeIs;
using testing::WriteTestFile;

Embedding RandomUnit(uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Embedding vector(8);
  for (float& x : vector) x = normal(random);
  const float length = std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0F));
  for (float& x : vector) x /= length;
  return vector;
}

float Dot(const Embedding& a, const Embedding& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F); }

class TuningQueriesTest : public query::QueryFixture {
 protected:
  void AddPictures(int count) {
    for (int i = 0; i < count; ++i) {
      Add(MakePicture({static_cast<uint8_t>(i * 37), static_cast<uint8_t>(i * 11), 90}), std::to_string(i));
    }
  }
  Result<TuningQueries> Read(const std::string& name, const std::string& content, size_t most = 100) {
    WriteTestFile(dir_ / name, content);
    if (name.ends_with(".npy")) return ReadQueryRows(dir_ / name, collection_->config().dim, most, {});
    SL_ASSIGN_OR_RETURN(QueryWords words, ReadQueryWords(dir_ / name, most));
    return EncodeQueryWords(std::move(words), *collection_, encoder_, {});
  }

  testing::TempDir dir_;
};

TEST_F(TuningQueriesTest, LinesOfTextAreQueries) {
  const auto read = Read("asked.txt", "red\n\n  \ngreen\r\n?!\n");
  ASSERT_THAT(read, IsOk());
  ASSERT_THAT(read->queries, SizeIs(2));
  EXPECT_EQ(read->queries[1].text, "green");
  EXPECT_EQ(read->queries[0].vector.size(), 8U);
  EXPECT_TRUE(read->are_words);
  EXPECT_THAT(read->types, ElementsAre(UnitType::kImage, UnitType::kClip));
  EXPECT_EQ(read->origin, "2 of 3 queries of asked.txt");
  ASSERT_THAT(read->left_out, SizeIs(1));
  EXPECT_THAT(read->left_out[0], HasSubstr("?!"));
}

TEST_F(TuningQueriesTest, JsonMaySayWhatIsMeant) {
  const std::string path = (dir_ / "a.png").string();
  const ItemId item = Add(MakePicture(query::kRed), path);
  const auto read =
      Read("asked.jsonl",
           "{\"text\": \"red\", \"item\": \"a.png\"}\n\"green\"\n{\"caption\": \"blue\", \"image\": \"gone.png\"}\n"
           "[]\n{\"words\": 1}\n");
  ASSERT_THAT(read, IsOk());
  ASSERT_THAT(read->queries, SizeIs(3));
  EXPECT_EQ(read->queries[0].wanted, item);
  EXPECT_EQ(read->queries[1].wanted, std::nullopt);
  EXPECT_EQ(read->queries[2].wanted, std::nullopt);
  EXPECT_THAT(read->left_out, ElementsAre(HasSubstr("line 4"), HasSubstr("line 5"), HasSubstr("gone.png")));
}

TEST_F(TuningQueriesTest, RowsAreNormalisedAndThinnedOutEvenly) {
  std::vector<std::vector<float>> rows(10, std::vector<float>(8));
  for (size_t i = 1; i < rows.size(); ++i) rows[i][i % 8] = static_cast<float>(i);
  const auto read = Read("q.npy", testing::NpyOf(rows), 5);
  ASSERT_THAT(read, IsOk());
  EXPECT_THAT(read->left_out, ElementsAre(HasSubstr("row 0")));
  ASSERT_THAT(read->queries, SizeIs(4));
  EXPECT_EQ(read->queries[0].vector[2], 1) << "row 2 of 10";
  EXPECT_FALSE(read->are_words);
  EXPECT_THAT(read->types, IsEmpty());
  EXPECT_THAT(Read("q.npy", testing::NpyOf({{1, 2}})), IsErrorWith(ErrorCode::kInvalidArgument, "2 values"));
}

TEST_F(TuningQueriesTest, MoreWordsThanWantedAreThinnedOutBeforeTheyAreEncoded) {
  const auto read = Read("asked.txt", "one\ntwo\nthree\nfour\n", 2);
  ASSERT_THAT(read, IsOk());
  ASSERT_THAT(read->queries, SizeIs(2));
  EXPECT_EQ(read->queries[1].text, "three");
  EXPECT_EQ(read->origin, "2 of 4 queries of asked.txt");
}

TEST_F(TuningQueriesTest, FilesWithoutQueriesAreErrorsThatSayWhy) {
  EXPECT_THAT(Read("none.txt", "\n"), IsErrorWith(ErrorCode::kInvalidArgument, "none.txt: no query in it"));
  EXPECT_THAT(Read("latin.txt", "caf\xe9\nna\xefve\n"),
              IsErrorWith(ErrorCode::kInvalidArgument, "left out: line 1: not UTF-8, and 1 more"));
  EXPECT_THAT(Read("none.json", "[1, 2]"), IsErrorWith(ErrorCode::kInvalidArgument, "neither a string nor an object"));
  EXPECT_THAT(Read("unasked.txt", "?!\n"), IsErrorWith(ErrorCode::kInvalidArgument, "left out: \"?!\""));
  EXPECT_THAT(Read("gone.json", R"([{"text": "?!", "item": "gone.png"}])"),
              IsErrorWith(ErrorCode::kInvalidArgument, "left out: \"?!\""))
      << "that its item is not there is no reason";
  EXPECT_THAT(Read("zero.npy", testing::NpyOf({std::vector<float>(8)})),
              IsErrorWith(ErrorCode::kInvalidArgument, "left out: row 0"));
  EXPECT_THAT(ReadQueryWords(dir_ / "gone.txt", 9), IsError(ErrorCode::kNotFound));
}

TEST_F(TuningQueriesTest, CaptionsAreDrawnTheSameEveryTime) {
  AddPictures(3);
  for (int i = 0; i < 50; ++i)
    AddCaption(std::string("c").append(std::to_string(i)), std::string("red thing").append(std::to_string(i)));
  const auto all = QueriesFromCaptions(*collection_, 100, {});
  ASSERT_THAT(all, IsOk());
  EXPECT_THAT(all->queries, SizeIs(50));
  EXPECT_EQ(all->queries[7].text, "red thing7");
  const auto some = QueriesFromCaptions(*collection_, 10, {});
  const auto again = QueriesFromCaptions(*collection_, 10, {});
  ASSERT_THAT(some->queries, SizeIs(10));
  EXPECT_EQ(some->origin, "10 of 50 stored captions");
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(some->queries[i].text, again->queries[i].text);
}

TEST_F(TuningQueriesTest, RowsOfTheCollectionAreMovedALittle) {
  AddPictures(30);
  const auto rows = QueriesFromRows(*collection_, 20, {});
  ASSERT_THAT(rows, IsOk());
  ASSERT_THAT(rows->queries, SizeIs(20));
  EXPECT_THAT(rows->origin, HasSubstr("20 of 30 stored vectors, each moved"));
  const auto again = QueriesFromRows(*collection_, 20, {});
  for (size_t i = 0; i < 20; ++i) {
    const Embedding& query = rows->queries[i].vector;
    EXPECT_EQ(query, again->queries[i].vector);
    EXPECT_NEAR(Dot(query, query), 1, 1e-5);
    const auto scores = FindExactScores(*collection_, std::vector{&query}, {.k = 1});
    ASSERT_THAT(scores, IsOk());
    EXPECT_GT((*scores)[0][0], 0.8F);
    EXPECT_LT((*scores)[0][0], 1.0F);
  }
}

TEST_F(TuningQueriesTest, ExactScoresAreThoseOfEveryVector) {
  AddPictures(40);
  AddVideo("/v.mp4", {{0, 1000, {MakePicture(query::kRed), MakePicture(query::kBlue)}}});
  AddCaption("/c#0", "red");
  std::vector<Embedding> queries;
  for (int i = 0; i < 70; ++i) {  // More than are computed together.
    queries.push_back(RandomUnit(static_cast<uint32_t>(i)));
  }
  std::vector<const Embedding*> pointers;
  for (const Embedding& query : queries) pointers.push_back(&query);
  const std::vector<UnitType> seen = {UnitType::kImage, UnitType::kClip};
  const auto scores = FindExactScores(*collection_, pointers, {.k = 5, .types = seen, .threads = 2});
  ASSERT_THAT(scores, IsOk());
  Filter filter;
  filter.types = seen;
  for (size_t q = 0; q < queries.size(); ++q) {
    const auto found = collection_->View()->Search(queries[q], {.k = 5, .filter = &filter, .limits = {}});
    ASSERT_THAT((*scores)[q], SizeIs(5));
    for (size_t i = 0; i < 5; ++i) EXPECT_NEAR((*scores)[q][i], (*found)[i].score, 1e-5);
  }
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(FindExactScores(*collection_, pointers, {.k = 5, .limits = {.stop = stop.get_token()}}),
              IsError(ErrorCode::kCancelled));
}

TEST_F(TuningQueriesTest, QueriesAboutOneItemStayInOneHalf) {
  std::vector<TuningQuery> queries(9);
  for (size_t i = 0; i < 6; ++i) queries[i].wanted = ItemId{1 + i / 3};
  const QueryHalves halves = SplitQueries(queries);
  EXPECT_THAT(halves.tuning, ElementsAre(0, 1, 2, 6, 8));
  EXPECT_THAT(halves.held_out, ElementsAre(3, 4, 5, 7));
  std::vector<TuningQuery> in_turn(8);
  for (size_t i = 0; i < 6; ++i) in_turn[i].wanted = ItemId{1 + i % 3};
  const QueryHalves mixed = SplitQueries(in_turn);
  EXPECT_THAT(mixed.tuning, ElementsAre(0, 2, 3, 5, 7));
  EXPECT_THAT(mixed.held_out, ElementsAre(1, 4, 6));
  const QueryHalves one = SplitQueries(std::vector<TuningQuery>(queries.begin(), queries.begin() + 3));
  EXPECT_THAT(one.held_out, ElementsAre(2));
}

}  // namespace
}  // namespace sightline::eval
