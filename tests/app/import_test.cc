// SPDX-License-Identifier: BSD-3-Clause
// Collections of raw vectors through the program.
#include <filesystem>

#include "tests/app/app_fixture.h"
#include "tests/indexer/transfer/npy_bytes.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using testing::NpyOf;

class ImportIntegrationTest : public AppIntegration {
 protected:
  static void SetUpTestSuite() {
    AppIntegration::SetUpTestSuite();
    testing::WriteTestFile(file(), NpyOf({{1, 0, 0}, {0, 1, 0}, {0.6F, 0.8F, 0}, {0, 0, 0}}));
    testing::WriteTestFile(*shared_ / "rows.jsonl",
                           "{\"metadata\": {\"colour\": \"red\"}}\n{\"id\": \"green\"}\n{\"id\": 3}\n{}\n");
    import_ = Run({"import", "raw", "--vectors", file(), "--metadata", *shared_ / "rows.jsonl"});
  }

  static fs::path file() { return *shared_ / "rows.npy"; }
  static inline RunResult import_;
};

TEST_F(ImportIntegrationTest, ImportsNamesWhatFailsAndIsANoOpTheNextTime) {
  EXPECT_EQ(import_.exit_code, 0) << import_.err;
  EXPECT_THAT(import_.out, HasSubstr("done: 3 added, 1 failed"));
  EXPECT_THAT(import_.out, HasSubstr("vectors/s"));
  EXPECT_THAT(import_.err, HasSubstr("rows.npy#3: the vector is zero"));
  const RunResult again = Run({"import", "raw", "--vectors", file(), "--metadata", *shared_ / "rows.jsonl"});
  EXPECT_THAT(again.out, HasSubstr("0 added, 3 unchanged, 1 failed"));
  EXPECT_EQ(Run({"verify", "raw"}).exit_code, 0);
}

TEST_F(ImportIntegrationTest, SearchByVectorFindsWhatIsNearWithoutProbabilities) {
  const boost::json::value answer = Json(Run({"search", "raw", "--vector", "[0, 2, 0]", "--json"}));
  const auto& hits = answer.at("hits").as_array();
  ASSERT_EQ(hits.size(), 3U);
  EXPECT_EQ(hits[0].at("path").as_string().c_str(), fs::canonical(file()).string() + "#green");
  EXPECT_NEAR(hits[0].at("coarse_score").to_number<double>(), 1, 1e-6);
  EXPECT_NEAR(hits[1].at("coarse_score").to_number<double>(), 0.8, 1e-6);
  EXPECT_TRUE(hits[0].at("match_probability").is_null());

  testing::WriteTestFile(*shared_ / "query.npy", NpyOf({{1, 0, 0}}));
  const boost::json::value by_file = Json(Run({"search", "raw", "--vector", *shared_ / "query.npy", "--json"}));
  EXPECT_EQ(by_file.at("hits").at(0).at("metadata").at("colour").at(0), "red");
  const boost::json::value by_row = Json(Run({"search", "raw", "--vector", file().string() + "#1", "--json"}));
  EXPECT_EQ(by_row.at("hits").at(0).at("path"), hits[0].at("path"));
  EXPECT_THAT(Run({"search", "raw", "--vector", "[0, 2, 0]"}).out, HasSubstr("near [0, 2, 0] in raw"));
}

TEST_F(ImportIntegrationTest, QueriesThatAreNoVectorsAreRefused) {
  ExpectError(Run({"search", "raw", "--vector", file()}), 2, "#ROW");
  ExpectError(Run({"search", "raw", "--vector", file().string() + "#9"}), 2, "no row 9");
  ExpectError(Run({"search", "raw", "--vector", "[1, 2]"}), 2, "2 numbers");
  ExpectError(Run({"search", "raw", "--vector", "[1, \"x\"]"}), 2, "not a number");
  ExpectError(Run({"search", "raw", "--vector", "[1, 2"}), 2, "not a JSON array");
  ExpectError(Run({"search", "raw", "--vector", "none.npy"}), 3, "none.npy");
  ExpectError(Run({"search", "raw", "a", "dog"}), 4, "raw vectors");
  ExpectError(Run({"search", "raw", "--vector", "[1, 0, 0]", "--min-match", "0.5"}), 2, "min_match");
}

TEST_F(ImportIntegrationTest, StatusListAndPagesKnowRawVectors) {
  const RunResult status = Run({"status", "raw"});
  EXPECT_THAT(status.out, HasSubstr("items       3 vectors\n"));
  EXPECT_THAT(status.out, HasSubstr("none (raw vectors)"));
  EXPECT_EQ(Json(Run({"status", "raw", "--json"})).at("raw_vectors"), 3);
  EXPECT_THAT(Run({"list", "raw"}).out, HasSubstr("vector"));
  const fs::path page = *shared_ / "raw.html";
  EXPECT_EQ(Run({"search", "raw", "--vector", "[0, 1, 0]", "--html", page}).exit_code, 0);
  EXPECT_THAT(testing::ReadTestFile(page), HasSubstr("#green"));
}

TEST_F(ImportIntegrationTest, RemovingTheFileRemovesItsRows) {
  const fs::path other = *shared_ / "other.npy";
  testing::WriteTestFile(other, NpyOf({{1, 0, 0}, {0, 1, 0}}));
  testing::WriteTestFile(*shared_ / "urls.jsonl", "{\"path\": \"https://example.org/a\"}\n{}\n");
  ASSERT_EQ(Run({"import", "gone", "--vectors", other, "--metadata", *shared_ / "urls.jsonl"}).exit_code, 0);
  EXPECT_EQ(Run({"remove", "gone", "--missing"}).out, "");
  fs::remove(other);
  EXPECT_THAT(Run({"remove", "gone", "--missing"}).out, HasSubstr("other.npy#1"));
  EXPECT_THAT(Run({"list", "gone"}).out, HasSubstr("https://example.org/a"));
}

TEST_F(ImportIntegrationTest, AnImportSealsWhatItsIndexKindAsksFor) {
  std::vector<std::vector<float>> rows;
  for (int i = 0; i < 300; ++i) rows.push_back({1, static_cast<float>(i), 2});
  testing::WriteTestFile(*shared_ / "many.npy", NpyOf(rows));
  ASSERT_EQ(
      Run({"import", "sealed", "--vectors", *shared_ / "many.npy", "--index-kind", "flat", "--index-seal-rows", "100"})
          .exit_code,
      0);
  EXPECT_FALSE(fs::is_empty(folder_of("sealed") / "segments"));
  ASSERT_EQ(Run({"snapshot", "sealed", *shared_ / "sealed-shot"}).exit_code, 0);
  ASSERT_EQ(Run({"restore", *shared_ / "sealed-shot", "sealed2"}).exit_code, 0);
  EXPECT_EQ(Run({"verify", "sealed2"}).exit_code, 0);
  const auto here = Json(Run({"search", "sealed", "--vector", "[1, 1, 2]", "--json"})).at("hits");
  EXPECT_EQ(here.as_array().size(), 10U);
  EXPECT_EQ(Json(Run({"search", "sealed2", "--vector", "[1, 1, 2]", "--json"})).at("hits"), here);
}

TEST_F(ImportIntegrationTest, WhatDoesNotFitIsRefused) {
  testing::WriteTestFile(*shared_ / "two.npy", NpyOf({{1, 0}}));
  ExpectError(Run({"import", "raw", "--vectors", *shared_ / "two.npy"}), 2, "2 values");
  ExpectError(Run({"import", "new", "--vectors", file(), "--dim", "4"}), 2, "--dim is 4");
  ExpectError(Run({"import", "photos", "--vectors", file()}), 4, "sightline-small");
  ExpectError(Run({"import", "raw"}), 2, "nothing to import");
  ExpectError(Run({"import", "raw", file()}), 2, "--vectors");
  ExpectError(Run({"import", "raw", *shared_ / "pictures"}), 3, "img_emb");
  testing::WriteTestFile(*shared_ / "bad.npy", "nothing");
  ExpectError(Run({"import", "new", "--vectors", *shared_ / "bad.npy"}), 3, "not an npy file");
  EXPECT_FALSE(fs::exists(folder_of("new")));
  ExpectError(Run({"index", "raw", photos()}), 4, "raw vectors");
}

}  // namespace
}  // namespace sightline::app
