// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/vector_importer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "indexer/location.h"
#include "tests/indexer/index_fixture.h"
#include "tests/indexer/transfer/npy_bytes.h"
#include "tests/support/memory_collection.h"
#include "tests/support/test_support.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;

using storage::ItemRecord;
using ::testing::ElementsAre;
using testing::ErrorAt;
using testing::ExpectExactAccounts;
using testing::ExpectSound;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using testing::ItemAt;
using testing::MemoryCollection;
using testing::NpyOf;
using testing::RecordingObserver;
using testing::TempDir;
using testing::WriteTestFile;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

class VectorImporterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = MemoryCollection::Create(
        {.model_name = "none", .model_fingerprint = "", .dim = 4, .patch_storage = storage::PatchStorage::kNone});
    ASSERT_THAT(made, IsOk());
    collection_ = *std::move(made);
  }

  fs::path Write(const std::string& name, const std::string& bytes) {
    WriteTestFile(dir_ / name, bytes);
    return fs::canonical(dir_ / name);
  }

  Result<IndexReport> Import(std::vector<VectorFile> files, std::stop_token stop = {}) {
    return VectorImporter(*collection_, options_).Run(files, &observer_, stop);
  }

  Embedding VectorOf(const ItemRecord& item) const {
    const auto units = collection_->records().GetUnits(item.units);
    EXPECT_THAT(units, IsOk());
    return units && (*units)[0] ? (*units)[0]->vectors[0].embedding : Embedding{};
  }

  TempDir dir_;
  std::unique_ptr<MemoryCollection> collection_;
  VectorImportOptions options_;
  RecordingObserver observer_;
};

TEST_F(VectorImporterTest, RowsBecomeItemsNamedByFileAndRow) {
  const fs::path file = Write("a.npy", NpyOf({{1, 0, 0, 0}, {0, 0.6F, 0.8F, 0}}));
  const auto report = Import({{.vectors = file}});
  ASSERT_THAT(report, IsOk());
  ExpectExactAccounts(report->progress);
  EXPECT_EQ(report->progress.added, 2U);
  const ItemRecord item = ItemAt(*collection_, file.string() + "#1");
  EXPECT_THAT(VectorOf(item), ElementsAre(0, 0.6F, 0.8F, 0)) << "of unit length: bit for bit as it was";
  EXPECT_EQ(item.width, 0);
  const auto jobs = collection_->Jobs();
  ASSERT_THAT(jobs, IsOk());
  EXPECT_EQ((*jobs)[0].state, storage::JobState::kFinished);
  EXPECT_THAT((*jobs)[0].inputs, ElementsAre("--vectors=" + file.string()));
  EXPECT_EQ((*jobs)[0].items_added, 2U);
}

TEST_F(VectorImporterTest, TheSameAgainChangesNothing) {
  const fs::path file = Write("a.npy", NpyOf({{1, 0, 0, 0}, {3, 4, 0, 0}}));
  ASSERT_THAT(Import({{.vectors = file}}), IsOk());
  const uint64_t units = collection_->View()->unit_count();
  const ItemRecord before = ItemAt(*collection_, file.string() + "#1");
  const auto again = Import({{.vectors = file}});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->progress.unchanged, 2U);
  EXPECT_EQ(again->progress.added, 0U);
  EXPECT_EQ(collection_->View()->unit_count(), units);
  EXPECT_EQ(ItemAt(*collection_, file.string() + "#1"), before);
}

TEST_F(VectorImporterTest, ARowThatChangedIsUpdatedUnderItsId) {
  const fs::path file = Write("a.npy", NpyOf({{1, 0, 0, 0}, {0, 1, 0, 0}}));
  ASSERT_THAT(Import({{.vectors = file}}), IsOk());
  const ItemId id = ItemAt(*collection_, file.string() + "#1").id;
  Write("a.npy", NpyOf({{1, 0, 0, 0}, {0, 0, 1, 0}}));
  const auto again = Import({{.vectors = file}});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->progress.updated, 1U);
  EXPECT_EQ(again->progress.unchanged, 1U);
  const ItemRecord item = ItemAt(*collection_, file.string() + "#1");
  EXPECT_EQ(item.id, id);
  EXPECT_THAT(VectorOf(item), ElementsAre(0, 0, 1, 0));
  EXPECT_EQ(collection_->View()->unit_count(), 2U);
}

TEST_F(VectorImporterTest, RowsWithoutADirectionAreNamedAndTheRestGoesOn) {
  const fs::path file =
      Write("a.npy", NpyOf({{1, 0, 0, 0}, {kNan, 0, 0, 0}, {0, 0, 0, 0}, {0, kInfinity, 0, 0}, {0, 0, 0, 1}}));
  const auto report = Import({{.vectors = file}});
  ASSERT_THAT(report, IsOk());
  ExpectExactAccounts(report->progress);
  EXPECT_EQ(report->progress.added, 2U);
  EXPECT_EQ(report->progress.failed, 3U);
  EXPECT_THAT(report->errors,
              ElementsAre(ErrorAt(file.string() + "#1", "not finite"), ErrorAt(file.string() + "#2", "zero"),
                          ErrorAt(file.string() + "#3", "not finite")));
  EXPECT_TRUE(testing::HasPath(*collection_, file.string() + "#4"));
}

TEST_F(VectorImporterTest, VectorsOfAnotherLengthAreNormalisedAndCounted) {
  const fs::path file = Write("a.npy", NpyOf({{3, 4, 0, 0}, {1, 0, 0, 0}, {1e-20F, 0, 0, 0}, {0, 0, 3e38F, 3e38F}}));
  const auto report = Import({{.vectors = file}});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.added, 4U);
  ASSERT_EQ(report->notes.size(), 1U);
  EXPECT_EQ(report->notes[0].path, file.string());
  EXPECT_THAT(report->notes[0].text, HasSubstr("3 of 4 vectors were not of unit length"));
  EXPECT_THAT(VectorOf(ItemAt(*collection_, file.string() + "#0")), ElementsAre(0.6F, 0.8F, 0, 0));
  EXPECT_THAT(VectorOf(ItemAt(*collection_, file.string() + "#2")), ElementsAre(1, 0, 0, 0));
  EXPECT_THAT(VectorOf(ItemAt(*collection_, file.string() + "#3")),
              ElementsAre(0, 0, ::testing::FloatEq(std::sqrt(0.5F)), ::testing::FloatEq(std::sqrt(0.5F))));
}

TEST_F(VectorImporterTest, ACompanionGivesIdsPathsTypesAndTypedMetadata) {
  const fs::path file = Write("a.npy", NpyOf({{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, {1, 0, 0, 0}}));
  const fs::path lines =
      Write("a.jsonl", R"({"id": "first", "metadata": {"stars": 5, "taken_at": "2024-05-01T00:00:00Z"}})"
                       "\n"
                       R"({"path": "pictures/b.jpg", "type": "text"})"
                       "\n\n"
                       R"({"id": 17})"
                       "\n"
                       R"({"path": "https://example.org/c.jpg"})"
                       "\n");
  const auto report = Import({{.vectors = file, .lines = lines}});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.added, 5U);
  const ItemRecord first = ItemAt(*collection_, file.string() + "#first");
  EXPECT_EQ(first.metadata.at("stars"), std::vector<MetadataValue>{int64_t{5}});
  EXPECT_EQ(first.metadata.at("taken_at"), std::vector<MetadataValue>{Timestamp{1'714'521'600}});
  const ItemRecord second = ItemAt(*collection_, (lines.parent_path() / "pictures/b.jpg").string());
  const auto units = collection_->records().GetUnits(second.units);
  ASSERT_THAT(units, IsOk());
  EXPECT_EQ((*units)[0]->type, UnitType::kText);
  EXPECT_TRUE(testing::HasPath(*collection_, file.string() + "#2")) << "an empty line says nothing";
  EXPECT_TRUE(testing::HasPath(*collection_, file.string() + "#17"));
  EXPECT_TRUE(testing::HasPath(*collection_, "https://example.org/c.jpg"));
  EXPECT_FALSE(HasVanished("https://example.org/c.jpg"));
  EXPECT_EQ(Import({{.vectors = file, .lines = lines}})->progress.unchanged, 5U);
}

TEST_F(VectorImporterTest, WrongAndRepeatedLinesFailTheirRows) {
  const fs::path file = Write("a.npy", NpyOf({{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, {1, 0, 0, 0}}));
  const fs::path lines =
      Write("a.jsonl", "{\"id\": \"4\"}\nnot json\n{\"id\": \"4\"}\n{\"stars\": 3}\n{\"metadata\": {}}\n");
  const auto report = Import({{.vectors = file, .lines = lines}});
  ASSERT_THAT(report, IsOk());
  ExpectExactAccounts(report->progress);
  EXPECT_EQ(report->progress.added, 1U);
  EXPECT_THAT(report->errors, ElementsAre(ErrorAt(file.string() + "#1", "line 2: not JSON"),
                                          ErrorAt(file.string() + "#2", "came before"),
                                          ErrorAt(file.string() + "#3", "\"stars\" is no key of a line"),
                                          ErrorAt(file.string() + "#4", "came before")));
}

TEST_F(VectorImporterTest, ACompanionOfAnotherLengthFailsTheFileBeforeAnyRow) {
  const fs::path file = Write("a.npy", NpyOf({{1, 0, 0, 0}, {0, 1, 0, 0}}));
  const fs::path other = Write("b.npy", NpyOf({{0, 0, 0, 1}}));
  const fs::path lines = Write("a.jsonl", "{}\n");
  const auto report = Import({{.vectors = file, .lines = lines}, {.vectors = other}});
  ASSERT_THAT(report, IsOk());
  ExpectExactAccounts(report->progress);
  EXPECT_EQ(report->progress.added, 1U);
  EXPECT_THAT(report->errors, ElementsAre(ErrorAt(file, "2 rows")));
}

TEST_F(VectorImporterTest, FilesThatCannotBeReadAreNamedAndTheOthersGoOn) {
  const std::string whole = NpyOf({{1, 0, 0, 0}, {0, 1, 0, 0}});
  const fs::path cut = Write("cut.npy", whole.substr(0, whole.size() - 1));
  const fs::path text = Write("text.npy", "something else");
  const fs::path good = Write("good.npy", whole + "surplus");
  const auto report = Import({{.vectors = cut}, {.vectors = text}, {.vectors = good}, {.vectors = dir_ / "gone.npy"}});
  ASSERT_THAT(report, IsOk());
  ExpectExactAccounts(report->progress);
  EXPECT_EQ(report->progress.added, 2U);
  EXPECT_THAT(report->errors, ElementsAre(ErrorAt(cut, "claims 2 rows and has the bytes of 1"),
                                          ErrorAt(text, "not an npy file"), ErrorAt(dir_ / "gone.npy", "cannot open")));
  ASSERT_EQ(report->notes.size(), 1U);
  EXPECT_THAT(report->notes[0].text, HasSubstr("7 bytes behind the last row"));
}

TEST_F(VectorImporterTest, AnotherLengthOfVectorsIsRefusedBeforeAnythingIsWritten) {
  const fs::path three = Write("three.npy", NpyOf({{1, 0, 0}}));
  const fs::path four = Write("four.npy", NpyOf({{1, 0, 0, 0}}));
  EXPECT_THAT(Import({{.vectors = three}}), IsErrorWith(ErrorCode::kInvalidArgument, "3 values"));
  EXPECT_THAT(Import({{.vectors = four}, {.vectors = three}}), IsErrorWith(ErrorCode::kInvalidArgument, "three.npy"));
  EXPECT_EQ(collection_->View()->unit_count(), 0U);
  EXPECT_TRUE(collection_->Jobs()->empty());
}

TEST_F(VectorImporterTest, ACollectionOfAModelTakesNoVectorsOfUnknownOrigin) {
  auto made = MemoryCollection::Create({.model_name = "m", .model_fingerprint = "abc", .dim = 4});
  ASSERT_THAT(made, IsOk());
  const std::vector<VectorFile> files = {{.vectors = Write("a.npy", NpyOf({{1, 0, 0, 0}}))}};
  EXPECT_THAT(VectorImporter(**made, {}).Run(files, nullptr, {}),
              IsErrorWith(ErrorCode::kFailedPrecondition, "made by model \"m\""));
}

TEST_F(VectorImporterTest, AStopEndsAfterTheBatchInHandAndTheNextRunGoesOn) {
  std::vector<std::vector<float>> rows;
  for (int i = 1; i <= 100; ++i) rows.push_back({static_cast<float>(i), 1, 0, 0});
  const fs::path file = Write("a.npy", NpyOf(rows));
  options_.batch_bytes = 10 * 4 * sizeof(float);
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = Import({{.vectors = file}}, stop.get_token());
  ASSERT_THAT(stopped, IsOk());
  EXPECT_TRUE(stopped->stopped);
  EXPECT_EQ(stopped->progress.added, 10U);
  EXPECT_EQ(stopped->progress.files_found, 100U);
  EXPECT_EQ((*collection_->Jobs())[0].state, storage::JobState::kStopped);
  const auto rest = Import({{.vectors = file}});
  ASSERT_THAT(rest, IsOk());
  EXPECT_EQ(rest->progress.unchanged, 10U);
  EXPECT_EQ(rest->progress.added, 90U);
  ExpectSound(*collection_);
}

TEST_F(VectorImporterTest, AFailedCommitEndsTheRunWithItsError) {
  const std::vector<VectorFile> files = {{.vectors = Write("a.npy", NpyOf({{1, 0, 0, 0}}))}};
  collection_->FailCommits(Error{ErrorCode::kResourceExhausted, "the disk is full"});
  EXPECT_THAT(VectorImporter(*collection_, {}).Run(files, nullptr, {}), IsError(ErrorCode::kResourceExhausted));
}

class ClipRetrievalTest : public VectorImporterTest {};

TEST_F(ClipRetrievalTest, FilesComeInOrderOfTheirNumbersWithTheirCompanions) {
  for (const int number : {0, 2, 10}) {
    Write(fmt::format("img_emb/img_emb_{}.npy", number), NpyOf({{1, 0, 0, static_cast<float>(number)}}));
  }
  Write("metadata/metadata_2.jsonl",
        R"({"image_path": "000012", "caption": "a dog", "similarity": 0.5, "exif": {"x": 1}, "sha": null})");
  Write("text_emb/text_emb_0.npy", NpyOf({{0, 1, 0, 0}}));
  const auto found = ListClipRetrievalFolder(dir_.path(), false);
  ASSERT_THAT(found, IsOk());
  ASSERT_EQ(found->files.size(), 3U);
  EXPECT_EQ(found->files[1].vectors.filename(), "img_emb_2.npy");
  EXPECT_EQ(found->files[2].vectors.filename(), "img_emb_10.npy");
  EXPECT_FALSE(found->files[0].lines);
  ASSERT_EQ(found->notes.size(), 1U);
  EXPECT_THAT(found->notes[0].text, HasSubstr("text embeddings are left out"));
  ASSERT_THAT(Import(found->files), IsOk());
  const ItemRecord item = ItemAt(*collection_, fs::canonical(dir_ / "metadata") / "000012");
  EXPECT_EQ(item.metadata.at("caption"), std::vector<MetadataValue>{std::string("a dog")});
  EXPECT_EQ(item.metadata.at("similarity"), std::vector<MetadataValue>{0.5});
  EXPECT_FALSE(item.metadata.contains("exif"));
}

TEST_F(ClipRetrievalTest, ParquetWithoutJsonLinesIsRefusedWithTheWayOut) {
  Write("img_emb/img_emb_0.npy", NpyOf({{1, 0, 0, 0}}));
  Write("metadata/metadata_0.parquet", "PAR1");
  EXPECT_THAT(ListClipRetrievalFolder(dir_.path(), false), IsErrorWith(ErrorCode::kUnsupported, "--no-metadata"));
  const auto without = ListClipRetrievalFolder(dir_.path(), true);
  ASSERT_THAT(without, IsOk());
  EXPECT_EQ(without->files.size(), 1U);
  EXPECT_THAT(without->notes[0].path, HasSubstr("metadata"));
  Write("metadata/metadata_0.jsonl", "{}");
  EXPECT_TRUE(ListClipRetrievalFolder(dir_.path(), false)->files[0].lines);
}

TEST_F(ClipRetrievalTest, AFolderWithoutEmbeddingsIsNamed) {
  EXPECT_THAT(ListClipRetrievalFolder(dir_.path(), false), IsErrorWith(ErrorCode::kNotFound, dir_.path().string()));
}

}  // namespace
}  // namespace sightline::indexer
