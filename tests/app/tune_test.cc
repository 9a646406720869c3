// SPDX-License-Identifier: BSD-3-Clause
// `sightline tune` through the program.
#include <random>

#include "tests/app/app_fixture.h"
#include "tests/indexer/transfer/npy_bytes.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;

class TuneIntegrationTest : public AppIntegration {
 protected:
  static std::filesystem::path WriteRows(const std::string& name, size_t count) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<std::vector<float>> rows(count, std::vector<float>(16));
    for (auto& row : rows) {
      for (float& x : row) x = normal(random);
    }
    testing::WriteTestFile(*shared_ / name, testing::NpyOf(rows));
    return *shared_ / name;
  }
  static void ImportRows(const std::string& name) {
    const RunResult made = Run({"import", name, "--vectors", WriteRows("rows.npy", 2000), "--index-kind", "ivfpq",
                                "--index-seal-rows", "1000"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
};

TEST_F(TuneIntegrationTest, ExactCollectionsSayThatTheirIndexNeedsNothing) {
  const RunResult result = Run({"tune", "photos"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("nothing to tune in the index"));
  EXPECT_THAT(result.out, HasSubstr("rerank: left alone: it needs words"));
  EXPECT_TRUE(Json(Run({"status", "photos", "--json"})).at("settings").at("tuned").is_null());
}

TEST_F(TuneIntegrationTest, QueriesChooseTheDepthAndStatusShowsIt) {
  testing::WriteTestFile(*shared_ / "asked.txt", "a cat\na rocket launch\nflowers\n?!\n");
  const RunResult dry = Run({"tune", "photos", "--queries", *shared_ / "asked.txt", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("nothing was stored (--dry-run)"));
  EXPECT_TRUE(Json(Run({"status", "photos", "--json"})).at("settings").at("rerank_depth").is_null());
  const RunResult table = Run({"tune", "photos", "--queries", *shared_ / "asked.txt", "--max-depth", "16", "--k", "3"});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("left out: \"?!\""));
  EXPECT_THAT(table.out, HasSubstr("asked with 3 of 4 queries of asked.txt, 1 of them held out"));
  EXPECT_THAT(table.out, HasSubstr("\nstored\n"));
  EXPECT_EQ(Json(Run({"status", "photos", "--json"})).at("settings").at("rerank_depth").to_number<int>(), 16);
  EXPECT_THAT(Run({"status", "photos"}).out, HasSubstr("searched    with rerank depth 16"));
}

TEST_F(TuneIntegrationTest, TheTargetIsReachedStoredAndUsed) {
  ImportRows("vectors");
  const boost::json::value json = Json(Run({"tune", "vectors", "--target", "0.9", "--sample", "60", "--json"}));
  EXPECT_EQ(json.at("index").at("reached"), true);
  EXPECT_EQ(json.at("stored"), true);
  EXPECT_TRUE(json.at("rerank").is_null());
  EXPECT_GE(json.at("index").at("chosen").at("recall").to_number<double>(), 0.9);
  const boost::json::value index = Json(Run({"status", "vectors", "--json"})).at("index");
  EXPECT_EQ(index.at("probes"), json.at("index").at("chosen").at("probes"));
  EXPECT_THAT(Run({"status", "vectors"}).out,
              HasSubstr("for the target 0.9, with 60 of 2000 stored vectors, each moved a little at random, at state"));
}

TEST_F(TuneIntegrationTest, WrongFilesAndFlagsAreErrors) {
  ExpectError(Run({"tune", "photos", "--queries", "/nowhere.txt"}), 3, "/nowhere.txt");
  testing::WriteTestFile(*shared_ / "empty.txt", "\n");
  ExpectError(Run({"tune", "photos", "--queries", *shared_ / "empty.txt"}), 3, "no query");
  testing::WriteTestFile(*shared_ / "latin.txt", "caf\xe9\n");
  ExpectError(Run({"tune", "photos", "--queries", *shared_ / "latin.txt"}), 3, "line 1: not UTF-8");
  EXPECT_EQ(Run({"tune", "photos", "--target", "1.5"}).exit_code, 2);
  ExpectError(Run({"tune", "nothing"}), 2, "nothing");
}

TEST_F(TuneIntegrationTest, AFileThatIsNotThereIsSaidBeforeTheModelThatWordsNeed) {
  ASSERT_EQ(Run({"import", "few", "--vectors", WriteRows("few.npy", 10)}).exit_code, 0);
  ExpectError(Run({"tune", "few", "--queries", "/nowhere.txt"}), 3, "/nowhere.txt: cannot open");
  ExpectError(Run({"tune", "photos", "--queries", "/nowhere.txt", "--model", "/none"}), 3, "/nowhere.txt: cannot open");
  testing::WriteTestFile(*shared_ / "asked.txt", "a cat\na rocket launch\n");
  ExpectError(Run({"tune", "few", "--queries", *shared_ / "asked.txt"}), 4, "words need the model");
}

}  // namespace
}  // namespace sightline::app
