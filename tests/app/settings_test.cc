// SPDX-License-Identifier: BSD-3-Clause
// `sightline settings`: what is changed, and through the program, alone and beside a running server.
#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "app/settings_change.h"
#include "app/settings_output.h"
#include "encoder/calibration.h"
#include "tests/app/serve_fixture.h"
#include "tests/indexer/transfer/npy_bytes.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;
using testing::IsErrorWith;
using ::testing::Not;
using testing::WriteTestFile;

const char* const kNames[] = {"rerank-depth", "stop-margin", "calibration", "index"};

SearchSettings AllSet() {
  return {.settings = {.rerank_depth = 96, .stop_margin = -2.5, .calibration = "own", .tuned = R"({"queries": "q"})"},
          .index = {.kind = storage::IndexKind::kHnsw, .probes = 3, .ef_search = 40, .refine_factor = 5}};
}

// What taking back so many of kNames in turn leaves.
SearchSettings Without(const std::vector<std::string>& names) {
  const auto reset = ResetFrom(names);
  EXPECT_THAT(reset, testing::IsOk());
  return Changed(AllSet(), {.reset = reset.value_or(SettingsReset{})});
}

TEST(SettingsChangeTest, EachIsTakenBackAlone) {
  SearchSettings left = AllSet();
  left.settings.calibration.clear();
  EXPECT_EQ(Without({"calibration"}), left) << "nothing that was tuned";
  left = AllSet();
  left.settings.tuned.clear();
  left.settings.rerank_depth.reset();
  EXPECT_EQ(Without({"rerank-depth"}), left);
  left.settings.stop_margin.reset();
  EXPECT_EQ(Without({"rerank-depth", "stop-margin"}), left);
  left.index.probes = left.index.ef_search = left.index.refine_factor = 0;
  EXPECT_EQ(Without({"rerank-depth", "stop-margin", "index"}), left) << "what the index is made of stays";
  left.settings.calibration.clear();
  EXPECT_EQ(Without({"all"}), left);
  EXPECT_EQ(Without({std::begin(kNames), std::end(kNames)}), left);
  EXPECT_THAT(ResetFrom(std::vector<std::string>{"depth"}), IsErrorWith(ErrorCode::kInvalidArgument, "rerank-depth"));
}

TEST(SettingsChangeTest, WhatIsSetIsSetAfterTheRestWasTakenBack) {
  const SearchSettings now = Changed(
      AllSet(), {.reset = {true, true, true, true}, .rerank_depth = 0, .stop_margin = 1.5, .calibration = "new"});
  EXPECT_EQ(now.settings, (storage::CollectionSettings{.rerank_depth = 0, .stop_margin = 1.5, .calibration = "new"}));
}

TEST(SettingsChangeTest, WhatTuneNotedStaysWhileItIsTrue) {
  EXPECT_EQ(Changed(AllSet(), {}), AllSet());
  EXPECT_EQ(Changed(AllSet(), {.rerank_depth = 96, .stop_margin = -2.5}), AllSet());
  EXPECT_EQ(Changed(AllSet(), {.rerank_depth = 97}).settings.tuned, "");
  EXPECT_EQ(Changed(AllSet(), {.stop_margin = -2}).settings.tuned, "");
  EXPECT_NE(Changed(AllSet(), {.calibration = "other"}).settings.tuned, "");
  const SearchSettings noted = {.settings = {.tuned = R"({"queries": "q"})"}};
  EXPECT_EQ(Changed(noted, {.reset = {.stop_margin = true}}), noted);
  EXPECT_EQ(Changed(noted, {.reset = {true, true, true, true}}), SearchSettings());
}

TEST(SettingsChangeTest, ChangesAtTheSameMomentLoseNothing) {
  testing::TempDir dir;
  auto made = storage::Collection::Create(dir / "c", {"small", "fingerprint", 16, storage::PatchStorage::kNone});
  ASSERT_THAT(made, testing::IsOk());
  storage::Collection& collection = **made;
  std::atomic<int> lost{0};
  {
    const std::jthread other([&] {
      for (int i = 1; i <= 200; ++i) {
        EXPECT_THAT(Store({.stop_margin = i}, "c", collection), testing::IsOk());
        if (collection.settings().stop_margin != i) ++lost;
      }
    });
    for (uint32_t i = 1; i <= 200; ++i) {
      EXPECT_THAT(Store({.rerank_depth = i}, "c", collection), testing::IsOk());
      if (collection.settings().rerank_depth != i) ++lost;
    }
  }
  EXPECT_EQ(lost, 0);
}

TEST(SettingsChangeTest, FilesThatAreNoCalibrationAreNamed) {
  const testing::TempDir dir;
  for (const char* content : {"", "{\"a\": ", "[]", R"({"format": "sightline-calibration/1"})", "\xff"}) {
    WriteTestFile(dir / "new.json", content);
    const auto read = ReadCalibrationFile(dir / "new.json");
    ASSERT_FALSE(read) << content;
    EXPECT_THAT(read.error().message, HasSubstr("new.json: ")) << content;
  }
  EXPECT_THAT(ReadCalibrationFile(dir / "none.json"), IsErrorWith(ErrorCode::kNotFound, "none.json"));
}

TEST(SettingsOutputTest, TheTableSaysWhatHoldsWhereNothingIsSet) {
  const std::string none = SettingsTable("holidays", {}, /*has_model=*/true);
  EXPECT_THAT(none, HasSubstr("rerank depth   64 candidates, as everywhere\n"));
  EXPECT_THAT(none, HasSubstr("stop margin    none"));
  EXPECT_THAT(none, HasSubstr("calibration    the model's\n"));
  EXPECT_THAT(none, HasSubstr("probes         by size\n"));
  EXPECT_THAT(none, Not(HasSubstr("tuned")));
  const std::string all = SettingsTable("holidays", AllSet(), /*has_model=*/true);
  EXPECT_THAT(all, HasSubstr("rerank depth   96 candidates\n"));
  EXPECT_THAT(all, HasSubstr("stop margin    -2.5\n"));
  EXPECT_THAT(all, HasSubstr("calibration    its own, which cannot be read"));
  EXPECT_THAT(all, HasSubstr("refine factor  5\n"));
  EXPECT_THAT(all, HasSubstr("tuned          with q\n"));
  EXPECT_THAT(SettingsTable("rows", {}, /*has_model=*/false), Not(HasSubstr("rerank depth")));
}

class SettingsIntegrationTest : public ServeIntegrationTest {
 protected:
  // A calibration that calls everything as likely as `b` says.
  static std::string WriteCalibration(const std::string& name, double b) {
    encoder::Calibration calibration;
    calibration.a = 0;
    calibration.b = b;
    calibration.fitted_on = "nothing but " + name;
    WriteTestFile(*shared_ / name, encoder::CalibrationToJson(calibration));
    return *shared_ / name;
  }
  boost::json::value SearchOverHttp() {
    const auto answer =
        testing::HttpClient(port_).PostJson("/v1/collections/photos/search", R"({"query": {"text": "a cat"}})");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return boost::json::parse(answer.body);
  }
  static double ProbabilityOf(const boost::json::value& answer) {
    return answer.at("hits").at(0).at("match_probability").to_number<double>();
  }
};

TEST_F(SettingsIntegrationTest, SettingsAreShownUsedAndTakenBack) {
  const auto search = [] { return Json(Run({"search", "photos", "a cat", "--json"})); };
  const boost::json::value before = search();
  const RunResult set = Run({"settings", "photos", "--rerank-depth", "3", "--stop-margin", "-4", "--calibration",
                             WriteCalibration("even.json", 0)});
  EXPECT_EQ(set.exit_code, 0) << set.err;
  EXPECT_THAT(set.out, HasSubstr("rerank depth   3 candidates\n"));
  EXPECT_THAT(set.out, HasSubstr("its own, fitted on nothing but even.json"));
  const boost::json::value json = Json(Run({"settings", "photos", "--json"}));
  EXPECT_EQ(json.at("settings").at("stop_margin").to_number<double>(), -4);
  EXPECT_EQ(json.at("settings").at("calibration").at("a").to_number<double>(), 0);
  EXPECT_EQ(json.at("settings"), Json(Run({"status", "photos", "--json"})).at("settings"));
  const boost::json::value during = search();
  EXPECT_EQ(during.at("reranked").to_number<int>(), 3);
  EXPECT_EQ(ProbabilityOf(during), 0.5);

  const boost::json::value reset =
      Json(Run({"settings", "photos", "--reset", "calibration,stop-margin", "--reset", "rerank-depth", "--json"}));
  for (const auto& [name, value] : reset.at("settings").as_object()) EXPECT_TRUE(value.is_null()) << name;
  const boost::json::value after = search();
  EXPECT_EQ(after.at("reranked"), before.at("reranked"));
  EXPECT_EQ(ProbabilityOf(after), ProbabilityOf(before));
}

TEST_F(SettingsIntegrationTest, ARunningServerSearchesWithThemAtOnce) {
  Start();
  const boost::json::value before = SearchOverHttp();
  EXPECT_EQ(before.at("reranked").to_number<int>(), 8);
  // The file is found from the folder of whoever gives it.
  WriteCalibration("sure.json", 4);
  const RunResult set = Run({"settings", "photos", "--rerank-depth", "2", "--calibration", "sure.json"},
                            {.setup = fmt::format("cd '{}'", shared_->path().string())});
  EXPECT_EQ(set.exit_code, 0) << set.err;
  EXPECT_EQ(SearchOverHttp().at("reranked").to_number<int>(), 2);
  EXPECT_NEAR(ProbabilityOf(SearchOverHttp()), 0.982, 1e-3);
  EXPECT_EQ(Run({"settings", "photos", "--reset", "all"}).exit_code, 0);
  EXPECT_EQ(SearchOverHttp().at("reranked"), before.at("reranked"));
  EXPECT_EQ(ProbabilityOf(SearchOverHttp()), ProbabilityOf(before));
}

TEST_F(SettingsIntegrationTest, WhatIsWrongChangesNothing) {
  const std::string shown = Run({"settings", "photos"}).out;
  ExpectError(Run({"settings", "photos", "--rerank-depth", "9", "--stop-margin", "nan"}), 2, "not a finite number");
  ExpectError(Run({"settings", "photos", "--rerank-depth", "9", "--calibration", "/nowhere.json"}), 3,
              "/nowhere.json: cannot open");
  const std::string config = testing::SourceTree("models/sightline-small/config.json");
  ExpectError(Run({"settings", "photos", "--calibration", config}), 3, "config.json: ");
  EXPECT_EQ(Run({"settings", "photos"}).out, shown);

  ExpectError(Run({"settings", "nothing"}), 2, "no collection \"nothing\"");
  WriteTestFile(*shared_ / "rows.npy", testing::NpyOf({{1, 0}, {0, 1}}));
  ASSERT_EQ(Run({"import", "rows", "--vectors", *shared_ / "rows.npy"}).exit_code, 0);
  ExpectError(Run({"settings", "rows", "--rerank-depth", "5"}), 4, "raw vectors");
}

}  // namespace
}  // namespace sightline::app
