// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>

#include "tests/app/app_fixture.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using testing::IsOk;

class CollectionsIntegrationTest : public AppIntegration {
 protected:
  static std::vector<boost::json::value> Events(const RunResult& result) {
    std::vector<boost::json::value> events;
    size_t begin = 0;
    for (size_t end = 0; (end = result.out.find('\n', begin)) != std::string::npos; begin = end + 1) {
      events.push_back(boost::json::parse(result.out.substr(begin, end - begin)));
    }
    return events;
  }
};

TEST_F(CollectionsIntegrationTest, TheFirstRunAddsEverything) {
  EXPECT_THAT(first_index_.out, HasSubstr("done: 8 added"));
}

TEST_F(CollectionsIntegrationTest, TheSecondRunIsANoOp) {
  const RunResult result = Run({"index", "photos", photos(), "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const boost::json::value done = Events(result).back();
  EXPECT_EQ(done.at("event"), "done");
  EXPECT_EQ(done.at("added").to_number<int>(), 0);
  EXPECT_EQ(done.at("unchanged").to_number<int>(), 8);
  EXPECT_EQ(done.at("encoded").to_number<int>(), 0);
  EXPECT_EQ(done.at("stopped"), false);
}

TEST_F(CollectionsIntegrationTest, PathsComeFromStandardInput) {
  const std::string one = photos() / "photo-001.jpg";
  const std::string two = photos() / "photo-002.jpg";
  const RunResult lines = Run({"index", "listed", "-"}, {.input = one + "\n" + two + "\n", .variables = {}});
  EXPECT_EQ(lines.exit_code, 0) << lines.err;
  EXPECT_THAT(lines.out, HasSubstr("2 added"));
  std::string zeros = one;
  zeros.push_back('\0');
  zeros += photos() / "photo-003.jpg";
  const RunResult nulls = Run({"index", "listed", "-", "--null"}, {.input = zeros, .variables = {}});
  EXPECT_THAT(nulls.out, HasSubstr("1 added, 1 unchanged"));
}

TEST_F(CollectionsIntegrationTest, ABadFileIsNamedAndTheRestGoesOn) {
  const testing::TempDir folder;
  fs::copy_file(photos() / "photo-001.jpg", folder / "good.jpg");
  testing::WriteTestFile(folder / "bad.jpg", "no picture");
  const RunResult some = Run({"index", "mixed", folder.path()});
  EXPECT_EQ(some.exit_code, 0);
  EXPECT_THAT(some.out, HasSubstr("1 added, 1 failed"));
  EXPECT_THAT(some.err, HasSubstr("bad.jpg"));
  EXPECT_THAT(Run({"status", "mixed"}).out, HasSubstr("bad.jpg"));
  fs::remove(folder / "good.jpg");
  EXPECT_EQ(Run({"index", "allbad", folder.path()}).exit_code, 3);
}

TEST_F(CollectionsIntegrationTest, StatusShowsTheFirstFailuresAndAllWhenAsked) {
  const testing::TempDir folder;
  fs::copy_file(photos() / "photo-001.jpg", folder / "good.jpg");
  for (int i = 10; i < 24; ++i) testing::WriteTestFile(folder / ("bad-" + std::to_string(i) + ".jpg"), "no picture");
  ASSERT_EQ(Run({"index", "broken", folder.path()}).exit_code, 0);
  const std::string status = Run({"status", "broken"}).out;
  EXPECT_THAT(status, HasSubstr("bad-19.jpg"));
  EXPECT_THAT(status, ::testing::Not(HasSubstr("bad-20.jpg")));
  EXPECT_THAT(status, HasSubstr("and 4 more: --errors"));
  EXPECT_THAT(Run({"status", "broken", "--errors"}).out, HasSubstr("bad-23.jpg"));
  const boost::json::value json = Json(Run({"status", "broken", "--errors", "--json"}));
  EXPECT_EQ(json.at("jobs").at(0).at("errors").as_array().size(), 14U);
}

TEST_F(CollectionsIntegrationTest, ADryRunWritesNothing) {
  const RunResult result = Run({"index", "planned", photos(), "--dry-run"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("8 to encode"));
  EXPECT_FALSE(fs::exists(folder_of("planned")));
}

TEST_F(CollectionsIntegrationTest, PatchesCanBeEncodedAgainAtRerankTime) {
  const RunResult index = Run({"index", "bare", photos(), "--patches", "none"});
  EXPECT_EQ(index.exit_code, 0) << index.err;
  const boost::json::value bare = Json(Run({"search", "bare", "a cat", "--json"}));
  EXPECT_EQ(bare.at("reranked").to_number<int>(), 8);
  const boost::json::value stored = Json(Run({"search", "photos", "a cat", "--json"}));
  EXPECT_EQ(bare.at("hits").at(0).at("path"), stored.at("hits").at(0).at("path"));
  EXPECT_NEAR(bare.at("hits").at(0).at("match_logit").to_number<double>(),
              stored.at("hits").at(0).at("match_logit").to_number<double>(), 0.05);
  ExpectError(Run({"index", "bare", photos(), "--no-exif"}), 2, "--no-exif");
  ExpectError(Run({"index", "bare", photos(), "--patches", "int8"}), 2, "--patches int8");
}

TEST_F(CollectionsIntegrationTest, StatusListAndVerifyAgree) {
  const boost::json::value status = Json(Run({"status", "photos", "--json"}));
  EXPECT_EQ(status.at("items").to_number<int>(), 8);
  EXPECT_EQ(status.at("model"), "sightline-small");
  EXPECT_EQ(status.at("patch_storage"), "int8");
  EXPECT_GT(status.at("patch_bytes").to_number<int64_t>(), 8 * 70'000);
  EXPECT_EQ(Events(Run({"list", "photos", "--json"})).size(), 8U);
  EXPECT_EQ(Events(Run({"list", "photos", "--json", "--limit", "3"})).size(), 3U);
  const RunResult verify = Run({"verify", "photos"});
  EXPECT_EQ(verify.exit_code, 0);
  EXPECT_THAT(verify.out, HasSubstr("8 items and 8 units checked: all is well"));
  EXPECT_THAT(Run({"status"}).out, HasSubstr("photos"));
}

TEST_F(CollectionsIntegrationTest, SettingsAreShownAndDecideTheDepth) {
  ASSERT_EQ(Run({"index", "set", photos() / "photo-001.jpg", photos() / "photo-002.jpg"}).exit_code, 0);
  EXPECT_TRUE(Json(Run({"status", "set", "--json"})).at("settings").at("rerank_depth").is_null());
  {
    auto opened = storage::Collection::Open(folder_of("set"));
    ASSERT_THAT(opened, testing::IsOk());
    ASSERT_THAT((*opened)->SetSettings({.rerank_depth = 1, .stop_margin = 2.5}), testing::IsOk());
  }
  EXPECT_THAT(Run({"status", "set"}).out, HasSubstr("searched    with rerank depth 1, stop margin 2.5\n"));
  const boost::json::value settings = Json(Run({"status", "set", "--json"})).at("settings");
  EXPECT_EQ(settings.at("rerank_depth").to_number<int>(), 1);
  EXPECT_EQ(Json(Run({"search", "set", "a cat", "--json"})).at("reranked").to_number<int>(), 1);
  EXPECT_EQ(Json(Run({"search", "set", "a cat", "--json", "--rerank", "64"})).at("reranked").to_number<int>(), 2);
}

TEST_F(CollectionsIntegrationTest, RemoveTellsWhatItRemoved) {
  ASSERT_EQ(Run({"index", "shrinking", photos() / "photo-001.jpg", photos() / "photo-002.jpg"}).exit_code, 0);
  const RunResult removed = Run({"remove", "shrinking", photos() / "photo-002.jpg"});
  EXPECT_EQ(removed.exit_code, 0) << removed.err;
  EXPECT_THAT(removed.out, HasSubstr("photo-002.jpg"));
  EXPECT_EQ(Events(Run({"list", "shrinking", "--json"})).size(), 1U);
  const boost::json::value last = Json(Run({"remove", "shrinking", "1", "--json"}));
  EXPECT_EQ(last.at("item_removed"), true);
  EXPECT_EQ(last.at("removed_paths").as_array().size(), 1U);
  const RunResult again = Run({"remove", "shrinking", photos() / "photo-002.jpg"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.err, HasSubstr("no such item"));
  const RunResult search = Run({"search", "shrinking", "a cat", "--paths-only"});
  EXPECT_EQ(search.exit_code, 1);
  EXPECT_THAT(search.err, HasSubstr("the collection is empty"));
}

TEST_F(CollectionsIntegrationTest, RemoveTakesAListAndLaterReferencesSeeWhatEarlierOnesDid) {
  const testing::TempDir folder;
  fs::copy_file(photos() / "photo-001.jpg", folder / "a.jpg");
  fs::copy_file(photos() / "photo-001.jpg", folder / "b.jpg");
  for (const char* name : {"photo-002.jpg", "photo-003.jpg", "photo-004.jpg"}) {
    fs::copy_file(photos() / name, folder / name);
  }
  ASSERT_EQ(Run({"index", "thinned", folder.path()}).exit_code, 0);
  const std::string second = folder / "photo-002.jpg";
  const std::string list =
      fmt::format("{}\n{}\n{}\n{}\n\n{}\n", (folder / "a.jpg").string(), (folder / "b.jpg").string(), second, second,
                  (folder / "photo-003.jpg").string());
  const RunResult removed = Run({"remove", "thinned", "-", "--json"}, {.input = list, .variables = {}});
  EXPECT_EQ(removed.exit_code, 1) << "one is named twice";
  EXPECT_THAT(removed.err, HasSubstr("no such item"));
  const auto events = Events(removed);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].at("item_removed"), false) << "it stays as b.jpg";
  EXPECT_EQ(events[1].at("item_removed"), true);
  const RunResult left = Run({"list", "thinned"});
  EXPECT_THAT(left.out, HasSubstr("photo-004.jpg"));
  EXPECT_EQ(Events(Run({"list", "thinned", "--json"})).size(), 1U);
  EXPECT_EQ(Run({"verify", "thinned"}).exit_code, 0);
}

TEST_F(CollectionsIntegrationTest, RemovingOneOfTwoPathsKeepsTheItem) {
  const testing::TempDir folder;
  fs::copy_file(photos() / "photo-001.jpg", folder / "a.jpg");
  fs::copy_file(photos() / "photo-001.jpg", folder / "b.jpg");
  ASSERT_EQ(Run({"index", "twins", folder.path()}).exit_code, 0);
  EXPECT_EQ(Run({"remove", "twins", folder / "a.jpg"}).exit_code, 0);
  const RunResult list = Run({"list", "twins"});
  EXPECT_THAT(list.out, HasSubstr("b.jpg"));
  EXPECT_THAT(list.out, ::testing::Not(HasSubstr("a.jpg")));
}

TEST_F(CollectionsIntegrationTest, RemoveByFilterTakesWholeItems) {
  const testing::TempDir folder;
  fs::copy_file(photos() / "photo-001.jpg", folder / "a.jpg");
  fs::copy_file(photos() / "photo-001.jpg", folder / "b.jpg");
  fs::copy_file(photos() / "photo-002.jpg", folder / "c.jpg");
  ASSERT_EQ(Run({"index", "chosen", folder.path()}).exit_code, 0);
  const std::string filter = R"({"must": {"path": ")" + (folder / "a.").string() + R"("}})";
  EXPECT_EQ(Events(Run({"remove", "chosen", "--filter", filter, "--dry-run", "--json"})).size(), 1U);
  const auto removed = Events(Run({"remove", "chosen", "--filter", filter, "--json"}));
  ASSERT_EQ(removed.size(), 1U);
  EXPECT_EQ(removed[0].at("removed_paths").as_array().size(), 2U);
  EXPECT_EQ(Events(Run({"list", "chosen", "--json"})).size(), 1U);
  EXPECT_EQ(Run({"remove", "chosen", "--filter", filter}).out, "");
}

TEST_F(CollectionsIntegrationTest, RemoveMissingFollowsTheDisk) {
  const testing::TempDir folder;
  fs::copy_file(photos() / "photo-001.jpg", folder / "a.jpg");
  fs::copy_file(photos() / "photo-001.jpg", folder / "b.jpg");
  fs::copy_file(photos() / "photo-002.jpg", folder / "c#d.jpg");
  fs::copy_file(photos() / "photo-003.jpg", folder / "e#f.jpg");
  testing::WriteTestFile(folder / "captions.jsonl", R"({"id": "1", "text": "a cat"})");
  testing::WriteTestFile(folder / "lost.jsonl", R"({"id": "1", "text": "a dog"})");
  ASSERT_EQ(Run({"index", "tidy", folder.path(), "--captions", folder / "captions.jsonl", "--captions",
                 folder / "lost.jsonl"})
                .exit_code,
            0);
  fs::remove(folder / "a.jpg");
  fs::remove(folder / "e#f.jpg");
  fs::remove(folder / "lost.jsonl");
  const auto would = Events(Run({"remove", "tidy", "--missing", "--dry-run", "--json"}));
  EXPECT_EQ(would.size(), 3U);
  EXPECT_EQ(Events(Run({"list", "tidy", "--json"})).size(), 5U);
  EXPECT_EQ(Events(Run({"remove", "tidy", "--missing", "--json"})).size(), 3U);
  const std::string left = Run({"list", "tidy"}).out;
  for (const char* stays : {"b.jpg", "c#d.jpg", "captions.jsonl#1"}) EXPECT_THAT(left, HasSubstr(stays));
  for (const char* goes : {"a.jpg", "e#f.jpg", "lost.jsonl"}) EXPECT_THAT(left, ::testing::Not(HasSubstr(goes)));
  EXPECT_EQ(Run({"remove", "tidy", "--missing"}).out, "");
  EXPECT_EQ(Run({"verify", "tidy"}).exit_code, 0);
  EXPECT_EQ(Run({"remove", "tidy"}).exit_code, 2);
}

TEST_F(CollectionsIntegrationTest, IndexKindIsChosenShownAndRepaired) {
  ASSERT_EQ(Run({"index", "sealed", photos(), "--index-kind", "hnsw", "--index-seal-rows", "2"}).exit_code, 0);
  const auto status = Events(Run({"status", "sealed", "--json"}));
  ASSERT_EQ(status.size(), 1U);
  const auto& index = status[0].at("index").as_object();
  EXPECT_EQ(index.at("kind"), "hnsw");
  ASSERT_FALSE(index.at("segments").as_array().empty());
  EXPECT_EQ(index.at("segments").as_array()[0].at("kind"), "hnsw");
  EXPECT_THAT(Run({"status", "sealed"}).out, HasSubstr("segment "));
  EXPECT_EQ(Run({"verify", "sealed"}).exit_code, 0);
  EXPECT_THAT(Run({"repair", "sealed"}).out, HasSubstr("nothing is damaged"));
  fs::remove_all(folder_of("sealed") / "segments");
  const RunResult repaired = Run({"repair", "sealed"});
  EXPECT_EQ(repaired.exit_code, 0);
  EXPECT_THAT(repaired.out, HasSubstr("repaired: "));
  EXPECT_EQ(Run({"verify", "sealed"}).exit_code, 0);
  EXPECT_EQ(Run({"index", "sealed", photos(), "--index-kind", "sideways"}).exit_code, 2);
}

class BadCollectionIntegrationTest : public AppIntegration {};

TEST_F(BadCollectionIntegrationTest, AMissingOneListsTheOthers) {
  ExpectError(Run({"search", "nothere", "cat"}), 2, "there are: photos");
}

TEST_F(BadCollectionIntegrationTest, NamesWithSlashesOrDotsAreRefused) {
  for (const char* name : {"a/b", "..", "a.b", ""}) ExpectError(Run({"search", name, "cat"}), 2, "cannot name");
  ExpectError(Run({"index", "../escape", photos()}), 2, "cannot name");
}

TEST_F(BadCollectionIntegrationTest, ALockedOneNamesTheOwner) {
  const auto held = storage::Collection::Open(folder_of("photos"));
  ASSERT_THAT(held, IsOk());
  const std::string pid = std::to_string(::getpid());
  ExpectError(Run({"search", "photos", "cat"}), 4, pid);
  ExpectError(Run({"index", "photos", photos()}), 4, pid);
  const RunResult all = Run({"status"});
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_THAT(all.out, HasSubstr(pid));
}

TEST_F(BadCollectionIntegrationTest, OneOfAnotherModelNamesBoth) {
  {
    const auto made = storage::Collection::Create(
        folder_of("foreign"), {.model_name = "stranger", .model_fingerprint = std::string(64, 'f'), .dim = 256});
    ASSERT_THAT(made, IsOk());
  }
  const RunResult search = Run({"search", "foreign", "cat"});
  ExpectError(search, 4, "stranger");
  EXPECT_THAT(search.err, HasSubstr("sightline-small"));
  ExpectError(Run({"index", "foreign", photos()}), 4, "stranger");
}

TEST_F(BadCollectionIntegrationTest, OneOfANewerVersionIsRefused) {
  {
    ASSERT_THAT(
        storage::Collection::Create(folder_of("future"), {.model_name = "m", .model_fingerprint = "f", .dim = 4}),
        IsOk());
  }
  testing::WriteTestFile(folder_of("future") / "COLLECTION", "sightline collection\nformat 999\n");
  ExpectError(Run({"search", "future", "cat"}), 4, "format version 999");
}

TEST_F(BadCollectionIntegrationTest, AnInputThatIsNotThere) {
  ExpectError(Run({"index", "photos", "/nowhere"}), 3, "/nowhere");
}

TEST_F(BadCollectionIntegrationTest, ADataFolderThatCannotBeMade) {
  const testing::TempDir folder;
  testing::WriteTestFile(folder / "file", "");
  ExpectError(RunProgram({"--data-dir", folder / "file/data", "index", "photos", photos()}), 4, "data");
}

TEST_F(BadCollectionIntegrationTest, AModelThatIsNotThereOrBroken) {
  ExpectError(Run({"search", "photos", "cat", "--model", "/nowhere"}), 2, "/nowhere");
  const testing::TempDir folder;
  testing::WriteTestFile(folder / "config.json", "{");
  ExpectError(Run({"search", "photos", "cat", "--model", folder.path()}), 3, "config.json");
}

class UsageIntegrationTest : public ::testing::Test {
 protected:
  /// The first `size` entries of a real vocabulary.
  static void WriteVocabulary(const fs::path& path, int size) {
    const std::string all = testing::ReadTestFile(testing::TestData("text/vocab.txt"));
    size_t end = 0;
    for (int line = 0; line < size; ++line) end = all.find('\n', end) + 1;
    testing::WriteTestFile(path, all.substr(0, end));
  }
};

TEST_F(UsageIntegrationTest, WrongCommandLinesAreUsageErrors) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"bogus"},
                                             {"index"},
                                             {"index", "c"},
                                             {"search"},
                                             {"model"},
                                             {"eval", "json"},
                                             {"--threads", "0", "status"}}) {
    const RunResult result = RunProgram(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments[0];
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
  EXPECT_EQ(RunProgram({}).exit_code, 2);
}

TEST_F(UsageIntegrationTest, VersionAndHelpNeedNoCollection) {
  const RunResult version = RunProgram({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, HasSubstr("sightline 0."));
  EXPECT_THAT(version.out, HasSubstr("LibTorch 2."));
  EXPECT_EQ(RunProgram({"search", "--help"}).exit_code, 0);
}

TEST_F(UsageIntegrationTest, TheDataFolderComesFromFlagThenEnvironment) {
  const auto printed = [](const std::vector<std::string>& arguments, const std::vector<std::string>& variables) {
    return RunProgram(arguments, {.input = "", .variables = variables}).out;
  };
  const std::vector<std::string> both = {"SIGHTLINE_DATA=/from/variable", "XDG_DATA_HOME=/from/xdg"};
  EXPECT_THAT(printed({"--print-config", "--data-dir", "/from/flag"}, both), HasSubstr("\"/from/flag\""));
  EXPECT_THAT(printed({"--print-config"}, both), HasSubstr("\"/from/variable\""));
  EXPECT_THAT(printed({"--print-config"}, {"SIGHTLINE_DATA=", "XDG_DATA_HOME=/from/xdg"}),
              HasSubstr("\"/from/xdg/sightline\""));
}

TEST_F(UsageIntegrationTest, ModelInfoAndImport) {
  EXPECT_THAT(RunProgram({"model", "info"}).out, HasSubstr("sightline-small"));
  const testing::TempDir folder;
  WriteVocabulary(folder / "vocab.txt", 1000);
  const std::string model = folder / "model";
  const RunResult imported =
      RunProgram({"model", "import", testing::TestData("retrieval_tiny/model.th"), model, "--dims",
                  testing::TestData("retrieval_tiny/dims.json"), "--tokenizer", folder / "vocab.txt"});
  EXPECT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_EQ(RunProgram({"model", "info", model}).exit_code, 0);
  testing::WriteTestFile(folder / "bad.th", "no checkpoint");
  const RunResult bad = RunProgram({"model", "import", folder / "bad.th", folder / "other", "--preset", "base"});
  EXPECT_EQ(bad.exit_code, 3) << bad.err;
  EXPECT_FALSE(fs::exists(folder / "other"));
  EXPECT_EQ(RunProgram({"model", "import", folder / "bad.th", model, "--preset", "base"}).exit_code, 2);
}

TEST_F(UsageIntegrationTest, ImportForMoreFramesSaysWhichPositionsAreMissing) {
  const testing::TempDir folder;
  WriteVocabulary(folder / "vocab.txt", 300);
  const auto import = [&folder](const std::string& name, const std::string& frames, bool json) {
    std::vector<std::string> arguments = {"model",
                                          "import",
                                          testing::TestData("video_tiny/model_3_frames.th"),
                                          folder / name,
                                          "--dims",
                                          testing::TestData("video_tiny/dims.json"),
                                          "--tokenizer",
                                          folder / "vocab.txt",
                                          "--frames",
                                          frames};
    if (json) arguments.emplace_back("--json");
    return RunProgram(arguments);
  };
  const RunResult five = import("five", "5", false);
  EXPECT_EQ(five.exit_code, 0) << five.err;
  EXPECT_THAT(five.out, HasSubstr("3 of 5 frame positions"));
  EXPECT_THAT(RunProgram({"model", "info", folder / "five"}).out, HasSubstr("5 frames, each with its position"));
  const RunResult two = import("two", "2", true);
  EXPECT_EQ(two.exit_code, 0) << two.err;
  EXPECT_EQ(boost::json::parse(two.out).at("frame_len").to_number<int>(), 2);
  EXPECT_EQ(boost::json::parse(two.out).at("frame_positions_copied").to_number<int>(), 2);
  EXPECT_EQ(import("none", "0", false).exit_code, 2);
}

}  // namespace
}  // namespace sightline::app
