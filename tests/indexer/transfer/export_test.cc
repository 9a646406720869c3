// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <boost/json.hpp>

#include "indexer/transfer/collection_exporter.h"
#include "indexer/transfer/export_importer.h"
#include "indexer/transfer/npy_reader.h"
#include "tests/indexer/transfer/npy_bytes.h"
#include "tests/indexer/transfer/transfer_fixture.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;

using testing::ExpectExactAccounts;
using testing::ExpectSound;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using testing::MakeCollection;
using testing::MemoryCollection;
using testing::Put;
using testing::ReadTestFile;
using testing::TempDir;
using testing::TransferConfig;
using testing::VectorOf;
using testing::WholeItemAt;
using testing::WriteTestFile;

class ExportTest : public ::testing::Test {
 protected:
  ExportTest() : collection_(MakeCollection(TransferConfig("abc", storage::PatchStorage::kNone))) {
    Put(*collection_, {.path = "/a.jpg",
                       .content = 1,
                       .metadata = {{"stars", {int64_t{5}}},
                                    {"ratio", {0.5, 2.0}},
                                    {"tags", {std::string("a"), std::string("\"b\"\n")}},
                                    {"seen", {Timestamp{17}, true}}}});
    Put(*collection_, {.path = "/video.mp4", .content = 2, .clips = 3});
    Put(*collection_, {.path = "/no\xFFtext.jpg", .content = 3});
  }

  Result<ExportInfo> Export() { return ExportCollection(*collection_, out(), nullptr, {}); }
  Result<IndexReport> Import(storage::Collection& target) { return ImportExport(target, out(), {}, nullptr, {}); }
  fs::path out() const { return dir_ / "out"; }

  std::vector<boost::json::value> Lines() const {
    std::vector<boost::json::value> lines;
    std::istringstream text(ReadTestFile(out() / "metadata.jsonl"));
    for (std::string line; std::getline(text, line);) lines.push_back(boost::json::parse(line));
    return lines;
  }

  /// Replaces the first `from` in one file of the export.
  void Spoil(const std::string& file, const std::string& from, const std::string& to) {
    std::string text = ReadTestFile(out() / file);
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    WriteTestFile(out() / file, text.replace(at, from.size(), to));
  }

  TempDir dir_;
  std::unique_ptr<MemoryCollection> collection_;
};

TEST_F(ExportTest, HasARowAndALinePerVectorInOrder) {
  const auto info = Export();
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->items, 3U);
  EXPECT_EQ(info->units, 5U);
  EXPECT_EQ(info->rows, 8U);
  EXPECT_EQ(*info, *ReadExportInfo(out()));
  auto reader = NpyReader::Open(out() / "embeddings.npy");
  ASSERT_THAT(reader, IsOk());
  EXPECT_EQ(reader->rows(), 8U);
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 8U);
  Embedding row;
  const std::vector<uint64_t> seeds = {100, 200, 250, 201, 251, 202, 252, 300};
  for (size_t i = 0; i < lines.size(); ++i) {
    ASSERT_THAT(reader->Next(row), IsOk());
    EXPECT_EQ(row, VectorOf(seeds[i])) << i;
    EXPECT_EQ(lines[i].at("row").to_number<uint64_t>(), i);
  }
  EXPECT_EQ(lines[0].at("path"), "/a.jpg");
  EXPECT_EQ(lines[0].at("type"), "image");
  EXPECT_EQ(lines[0].at("metadata").at("seen").at(0).at("time").to_number<int64_t>(), 17);
  EXPECT_EQ(lines[3].at("start_us").to_number<int64_t>(), 1'000'000);
  EXPECT_EQ(lines[4].at("frame_us").to_number<int64_t>(), 1'250'000);
  EXPECT_FALSE(lines[3].as_object().contains("frame_us"));
  EXPECT_FALSE(lines[3].as_object().contains("metadata")) << "only an item's first line has it";
  EXPECT_EQ(lines[7].at("path"), "/no?text.jpg");
}

TEST_F(ExportTest, AnImportOfItIsTheSameCollectionWithoutThumbnails) {
  ASSERT_THAT(Export(), IsOk());
  const auto copy = MakeCollection(ConfigFor(*ReadExportInfo(out())));
  const auto report = Import(*copy);
  ASSERT_THAT(report, IsOk());
  ExpectExactAccounts(report->progress);
  EXPECT_EQ(report->progress.added, 3U);
  for (const std::string path : {"/a.jpg", "/video.mp4", "/no\xFFtext.jpg"}) {
    auto expected = WholeItemAt(*collection_, path);
    for (auto& thumbnail : expected.thumbnails) thumbnail.reset();
    EXPECT_EQ(WholeItemAt(*copy, path), expected) << path;
  }
  ExpectSound(*copy);
  const auto again = Import(*copy);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->progress.unchanged, 3U);
  EXPECT_EQ(copy->View()->vector_count(), 8U);
}

TEST_F(ExportTest, SettingsComeAlongAndMayBeMissing) {
  ASSERT_THAT(Export(), IsOk());
  EXPECT_EQ(ReadExportInfo(out())->settings, storage::CollectionSettings());
  fs::remove_all(out());
  const storage::CollectionSettings settings = {
      .rerank_depth = 96, .stop_margin = -1.5, .calibration = R"({"a": 1})", .tuned = "what was measured there"};
  ASSERT_THAT(collection_->SetSettings(settings), IsOk());
  ASSERT_THAT(Export(), IsOk());
  EXPECT_EQ(ReadExportInfo(out())->settings, settings);
  const auto copy = MakeCollection(ConfigFor(*ReadExportInfo(out())));
  ASSERT_THAT(Import(*copy), IsOk());
  EXPECT_EQ(copy->settings(),
            (storage::CollectionSettings{.rerank_depth = 96, .stop_margin = -1.5, .calibration = R"({"a": 1})"}));
  Spoil("export.json", R"("rerank_depth":96)", R"("rerank_depth":9600)");
  EXPECT_THAT(ReadExportInfo(out()), IsErrorWith(ErrorCode::kCorruption, "settings"));
}

TEST_F(ExportTest, AnotherModelOrWayToKeepPatchesIsRefused) {
  ASSERT_THAT(Export(), IsOk());
  const auto other = MakeCollection(TransferConfig("xyz", storage::PatchStorage::kNone));
  EXPECT_THAT(Import(*other), IsErrorWith(ErrorCode::kFailedPrecondition, "(abc)"));
  EXPECT_THAT(Import(*other), IsErrorWith(ErrorCode::kFailedPrecondition, "(xyz)"));
  const auto with_patches = MakeCollection(TransferConfig("abc"));
  EXPECT_THAT(Import(*with_patches), IsErrorWith(ErrorCode::kFailedPrecondition, "patches"));
  EXPECT_TRUE(other->Jobs()->empty());
}

TEST_F(ExportTest, WhatIsThereAlreadyIsNotTouched) {
  WriteTestFile(out() / "mine", "text");
  EXPECT_THAT(Export(), IsErrorWith(ErrorCode::kAlreadyExists, out().string()));
  EXPECT_EQ(ReadTestFile(out() / "mine"), "text");
  fs::remove(out() / "mine");
  EXPECT_THAT(Export(), IsOk()) << "an empty folder will do";
}

TEST_F(ExportTest, AStoppedExportLeavesNothing) {
  std::stop_source stop;
  const auto stop_at_once = [&](uint64_t) { stop.request_stop(); };
  EXPECT_THAT(ExportCollection(*collection_, out(), stop_at_once, stop.get_token()), IsError(ErrorCode::kCancelled));
  EXPECT_TRUE(fs::is_empty(dir_.path()));
}

TEST_F(ExportTest, AnEmptyCollectionMakesAnEmptyExport) {
  const auto empty = MakeCollection(TransferConfig("abc", storage::PatchStorage::kNone));
  ASSERT_THAT(ExportCollection(*empty, out(), nullptr, {}), IsOk());
  const auto report = Import(*empty);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.done(), 0U);
}

TEST_F(ExportTest, DamagedExportsAreNamedByLine) {
  struct Case {
    std::string file, from, to, expected;
  };
  const std::vector<Case> cases = {
      {"metadata.jsonl", "\"row\":2", "\"row\":3", "line 3: it is about another row"},
      {"metadata.jsonl", "\"type\":\"clip\"", "\"type\":\"clap\"", "line 2"},
      {"metadata.jsonl", "\"frame_us\":250000", "\"frame_us\":\"x\"", "line 3: \"frame_us\" is not an integer"},
      {"metadata.jsonl", "\"item\":", "\"atem\":", "line 1: the first line of an item"},
      {"metadata.jsonl", "\"paths\":[{", "\"paths\":[],\"none\":[{", "line 1: the item has no paths"},
      {"metadata.jsonl", "\"hash\":\"01", "\"hash\":\"0", "line 1: \"hash\" is not a content hash"},
      {"metadata.jsonl", "{\"row\":1", "[{\"row\":1", "line 2: not JSON"},
      {"export.json", "\"rows\":8", "\"rows\":9", "export.json says 9 of 4"},
      {"export.json", "\"dim\":4", "\"dam\":4", "\"dim\" is missing"},
      {"embeddings.npy", "(8, 4)", "(9, 4)", "claims 9 rows"},
      {"embeddings.npy", "\x93NUMPY", "NOTNUM", "not an npy file"},
  };
  for (const Case& damage : cases) {
    fs::remove_all(out());
    ASSERT_THAT(Export(), IsOk());
    Spoil(damage.file, damage.from, damage.to);
    const auto copy = MakeCollection(TransferConfig("abc", storage::PatchStorage::kNone));
    EXPECT_THAT(Import(*copy), IsErrorWith(ErrorCode::kCorruption, damage.expected)) << damage.to;
    ExpectSound(*copy);
  }
}

TEST_F(ExportTest, RowsAndLinesOfDifferentNumberAreNamed) {
  ASSERT_THAT(Export(), IsOk());
  const std::string lines = ReadTestFile(out() / "metadata.jsonl");
  WriteTestFile(out() / "metadata.jsonl", lines.substr(0, lines.rfind('\n', lines.size() - 2) + 1));
  const auto copy = MakeCollection(TransferConfig("abc", storage::PatchStorage::kNone));
  EXPECT_THAT(Import(*copy), IsErrorWith(ErrorCode::kCorruption, "more rows than lines"));
  WriteTestFile(out() / "metadata.jsonl", lines + lines.substr(lines.rfind('\n', lines.size() - 2) + 1));
  EXPECT_THAT(Import(*copy), IsErrorWith(ErrorCode::kCorruption, "more lines than rows"));
}

TEST_F(ExportTest, ANewerFormatIsRefused) {
  ASSERT_THAT(Export(), IsOk());
  Spoil("export.json", "\"sightline_export\":1", "\"sightline_export\":2");
  EXPECT_THAT(ReadExportInfo(out()), IsErrorWith(ErrorCode::kFailedPrecondition, "format 2"));
  EXPECT_TRUE(IsExport(out()));
  EXPECT_FALSE(IsExport(dir_.path()));
  EXPECT_THAT(ReadExportInfo(dir_.path()), IsError(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace sightline::indexer
