// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/indexer.h"

#include <sys/stat.h>

#include <chrono>

#include "tests/indexer/indexer_fixture.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using storage::PatchStorage;
using testing::BmpBytes;
using testing::ColourNumber;
using testing::Contents;
using ::testing::ElementsAre;
using testing::ExpectExactAccounts;
using testing::HasPath;
using testing::IndexFixture;
using testing::ItemAt;
using testing::NumberedName;
using ::testing::SizeIs;
using testing::WriteBmp;
using testing::WriteManyBmps;
using testing::WriteTestFile;

INSTANTIATE_TEST_SUITE_P(Memory, IndexerTest, ::testing::Values(Store::kMemory));
INSTANTIATE_TEST_SUITE_P(EmbeddedIntegration, IndexerTest, ::testing::Values(Store::kEmbedded));

TEST_P(IndexerTest, EveryPictureIsStoredWithEmbeddingPatchesAndThumbnail) {
  WriteManyBmps(fixture_.photos(), "p", 10);
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 10U);
  EXPECT_EQ(report.progress.encoded, 10U);
  EXPECT_FALSE(report.stopped);
  ExpectExactAccounts(report.progress);
  const auto contents = Contents(*collection_);
  ASSERT_THAT(contents, SizeIs(10));
  for (const auto& [name, item] : contents) {
    EXPECT_THAT(item.paths, ElementsAre(name));
    EXPECT_EQ(item.width, 6);
    EXPECT_EQ(item.height, 5);
    ASSERT_THAT(item.embeddings, SizeIs(1));
    EXPECT_THAT(item.embeddings[0], SizeIs(8));
    ASSERT_TRUE(item.tokens.at(0).has_value());
    EXPECT_EQ(item.tokens[0]->format, TokenFormat::kInt8);
    EXPECT_GT(item.thumbnail_bytes.at(0), 0U);
  }
}

TEST_P(IndexerTest, ItemTellsWhereAndWhenItsFileWasFound) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  IndexFixture::Settle();
  Index();
  const storage::ItemRecord item = ItemAt(*collection_, photo("a.bmp"));
  struct stat info {};
  ASSERT_EQ(::stat(photo("a.bmp").c_str(), &info), 0);
  ASSERT_THAT(item.paths, SizeIs(1));
  EXPECT_EQ(item.paths[0].path, photo("a.bmp").string());
  EXPECT_EQ(item.paths[0].size_bytes, fs::file_size(photo("a.bmp")));
  const timespec& changed = info.st_ctim;  // never before the modification here
  EXPECT_EQ(item.paths[0].mtime_ns, changed.tv_sec * 1'000'000'000 + changed.tv_nsec);
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  EXPECT_NEAR(static_cast<double>(item.added_at), static_cast<double>(now), 60);
}

TEST_P(IndexerTest, SecondRunReadsAndEncodesNothing) {
  WriteManyBmps(fixture_.photos(), "p", 10);
  IndexFixture::Settle();
  Index();
  const auto before = Contents(*collection_);
  fixture_.options.max_file_bytes = 1;  // a file that is read fails
  const IndexReport again = Index();
  EXPECT_EQ(again.progress.unchanged, 10U);
  EXPECT_EQ(again.progress.added, 0U);
  EXPECT_EQ(encoded(), 10U);
  EXPECT_EQ(Contents(*collection_), before);
  ExpectExactAccounts(again.progress);
}

TEST_P(IndexerTest, RenamedFileKeepsItsItemAndIsNotEncodedAgain) {
  WriteManyBmps(fixture_.photos(), "p", 3);
  Index();
  const ItemId id = ItemAt(*collection_, photo("p-0001.bmp")).id;
  fs::rename(photo("p-0001.bmp"), photo("renamed.bmp"));
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.moved, 1U);
  EXPECT_EQ(report.progress.unchanged, 2U);
  EXPECT_EQ(encoded(), 3U);
  EXPECT_EQ(ItemAt(*collection_, photo("renamed.bmp")).id, id);
  EXPECT_FALSE(HasPath(*collection_, photo("p-0001.bmp")));
  EXPECT_EQ(unit_count(), 3U);
}

TEST_P(IndexerTest, SameContentIsStoredOnceWithEveryPath) {
  for (const char* name : {"a.bmp", "b.bmp", "c.bmp"}) WriteBmp(photo(name), {9, 9, 9});
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_EQ(report.progress.duplicate, 2U);
  EXPECT_EQ(encoded(), 1U);
  const auto contents = Contents(*collection_);
  ASSERT_THAT(contents, SizeIs(1));
  EXPECT_THAT(contents.begin()->second.paths, ElementsAre("a.bmp", "b.bmp", "c.bmp"));
  EXPECT_EQ(Index().progress.unchanged, 3U);
}

TEST_P(IndexerTest, SameContentFarApartIsEncodedOnce) {
  fixture_.options.encode_batch = 1;
  WriteManyBmps(fixture_.photos(), "p", 40);
  for (uint32_t i = 0; i < 40; i += 3) WriteBmp(photo(NumberedName("q", i)), ColourNumber(i));
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 40U);
  EXPECT_EQ(report.progress.duplicate, 14U);
  EXPECT_EQ(encoded(), 40U);
}

TEST_P(IndexerTest, DuplicateFoundLaterIsAddedToTheItem) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  Index();
  WriteBmp(photo("sub/b.bmp"), {9, 9, 9});
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.duplicate, 1U);
  EXPECT_EQ(encoded(), 1U);
  EXPECT_THAT(Contents(*collection_).at("a.bmp").paths, ElementsAre("a.bmp", "b.bmp"));
}

TEST_P(IndexerTest, ChangedContentKeepsTheItemAndDropsTheOldUnit) {
  WriteBmp(photo("a.bmp"), {255, 0, 0});
  Index();
  const storage::ItemRecord before = ItemAt(*collection_, photo("a.bmp"));
  WriteTestFile(photo("a.bmp"), BmpBytes(8, 2, {0, 0, 255}));
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_EQ(report.progress.updated, 1U);
  const storage::ItemRecord after = ItemAt(*collection_, photo("a.bmp"));
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.width, 8);
  EXPECT_NE(after.hash, before.hash);
  EXPECT_NE(after.units, before.units);
  EXPECT_EQ(unit_count(), 1U);
  EXPECT_GT(Contents(*collection_).at("a.bmp").embeddings.at(0).at(2), 0.9F) << "blue now";
  EXPECT_EQ(Index().progress.unchanged, 1U);
}

TEST_P(IndexerTest, ChangedCopyBecomesAnItemOfItsOwn) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  WriteBmp(photo("b.bmp"), {9, 9, 9});
  Index();
  const ItemId id = ItemAt(*collection_, photo("a.bmp")).id;
  WriteTestFile(photo("a.bmp"), BmpBytes(4, 4, {1, 2, 3}));
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.updated, 1U);
  EXPECT_EQ(ItemAt(*collection_, photo("b.bmp")).id, id);
  EXPECT_NE(ItemAt(*collection_, photo("a.bmp")).id, id);
  EXPECT_EQ(Contents(*collection_).size(), 2U);
}

TEST_P(IndexerTest, FileThatBecomesACopyDropsItsOldItem) {
  WriteTestFile(photo("a.bmp"), BmpBytes(4, 4, {1, 2, 3}));
  WriteTestFile(photo("b.bmp"), BmpBytes(5, 5, {7, 8, 9}));
  Index();
  fs::copy_file(photo("a.bmp"), photo("b.bmp"), fs::copy_options::overwrite_existing);
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.duplicate, 1U);
  EXPECT_EQ(encoded(), 2U);
  const auto contents = Contents(*collection_);
  ASSERT_THAT(contents, SizeIs(1));
  EXPECT_THAT(contents.at("a.bmp").paths, ElementsAre("a.bmp", "b.bmp"));
  EXPECT_EQ(unit_count(), 1U);
}

TEST_P(IndexerTest, TouchedFileIsReadOnceMoreButNotEncoded) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  IndexFixture::Settle();
  Index();
  const auto old_stamp = ItemAt(*collection_, photo("a.bmp")).paths[0];
  fs::last_write_time(photo("a.bmp"), fs::last_write_time(photo("a.bmp")) - std::chrono::hours(1));
  IndexFixture::Settle();
  EXPECT_EQ(Index().progress.unchanged, 1U);
  EXPECT_EQ(encoded(), 1U);
  EXPECT_GT(ItemAt(*collection_, photo("a.bmp")).paths[0].mtime_ns, old_stamp.mtime_ns) << "when it was touched";
  fixture_.options.max_file_bytes = 1;  // a file that is read fails
  EXPECT_EQ(Index().progress.unchanged, 1U);
}

TEST_P(IndexerTest, FileReplacedByOneOfTheSameSizeAndModificationTimeIsNoticed) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  IndexFixture::Settle();
  Index();
  const auto time = fs::last_write_time(photo("a.bmp"));
  WriteBmp(photo("a.bmp"), {200, 9, 9});
  fs::last_write_time(photo("a.bmp"), time);
  IndexFixture::Settle();
  EXPECT_EQ(Index().progress.updated, 1U);
}

TEST_P(IndexerTest, FileThatJustChangedIsReadAgainByTheNextRun) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  Index();
  EXPECT_EQ(ItemAt(*collection_, photo("a.bmp")).paths[0].mtime_ns, 0);
  IndexFixture::Settle();
  EXPECT_EQ(Index().progress.unchanged, 1U);
  EXPECT_NE(ItemAt(*collection_, photo("a.bmp")).paths[0].mtime_ns, 0);
  EXPECT_EQ(encoded(), 1U);
}

TEST_P(IndexerTest, FilesThatSwapNamesAreNotEncodedAgain) {
  WriteTestFile(photo("a.bmp"), BmpBytes(4, 4, {1, 2, 3}));
  WriteTestFile(photo("b.bmp"), BmpBytes(5, 5, {7, 8, 9}));
  Index();
  const ItemId a = ItemAt(*collection_, photo("a.bmp")).id;
  const ItemId b = ItemAt(*collection_, photo("b.bmp")).id;
  fs::rename(photo("a.bmp"), photo("t"));
  fs::rename(photo("b.bmp"), photo("a.bmp"));
  fs::rename(photo("t"), photo("b.bmp"));
  ExpectExactAccounts(Index().progress);
  EXPECT_EQ(encoded(), 2U);
  EXPECT_EQ(ItemAt(*collection_, photo("a.bmp")).id, b);
  EXPECT_EQ(ItemAt(*collection_, photo("b.bmp")).id, a);
}

TEST_P(IndexerTest, NumberedFilesThatMoveUpByOneAreNotEncodedAgain) {
  fixture_.options.encode_batch = 100;
  WriteManyBmps(fixture_.photos(), "p", 6);
  Index();
  for (uint32_t i = 6; i > 0; --i) fs::rename(photo(NumberedName("p", i - 1)), photo(NumberedName("p", i)));
  WriteTestFile(photo("p-0000.bmp"), BmpBytes(60, 4, {250, 250, 3}));
  const IndexReport report = Index();
  ExpectExactAccounts(report.progress);
  EXPECT_EQ(encoded(), 7U);
  EXPECT_EQ(Contents(*collection_).size(), 7U);
  EXPECT_EQ(Index().progress.unchanged, 7U);
}

TEST_P(IndexerTest, ContentLostBetweenTwoBatchesIsEncodedAgain) {
  fixture_.options.encode_batch = 1;
  WriteTestFile(photo("a.bmp"), BmpBytes(4, 4, {1, 2, 3}));
  WriteTestFile(photo("c.bmp"), BmpBytes(5, 5, {7, 8, 9}));
  Index();
  // a takes the content of c, so its own is dropped; the new b ends the batch; then c comes up with what a had.
  fs::rename(photo("a.bmp"), photo("t"));
  fs::rename(photo("c.bmp"), photo("a.bmp"));
  fs::rename(photo("t"), photo("c.bmp"));
  WriteTestFile(photo("b.bmp"), BmpBytes(6, 6, {70, 80, 90}));
  ExpectExactAccounts(Index().progress);
  const auto contents = Contents(*collection_);
  ASSERT_THAT(contents, SizeIs(3));
  EXPECT_EQ(contents.at("a.bmp").width, 5);
  EXPECT_EQ(contents.at("b.bmp").width, 6);
  EXPECT_EQ(contents.at("c.bmp").width, 4);
}

TEST_P(IndexerTest, DeletedFileStaysInTheCollection) {
  WriteManyBmps(fixture_.photos(), "p", 2);
  Index();
  fs::remove(photo("p-0000.bmp"));
  EXPECT_EQ(Index().progress.unchanged, 1U);
  EXPECT_TRUE(HasPath(*collection_, photo("p-0000.bmp")));
}

TEST_P(IndexerTest, NameThatIsNotUtf8IsIndexedUnderItsBytes) {
  WriteBmp(photo("caf\xE9-\xFF.bmp"), {1, 2, 3});
  EXPECT_EQ(Index().progress.added, 1U);
  EXPECT_TRUE(HasPath(*collection_, photo("caf\xE9-\xFF.bmp")));
}

TEST_P(IndexerTest, PatchesAreStoredAsTheCollectionWantsThem) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  fixture_.patch_storage = PatchStorage::kFp16;
  Create();
  Index();
  EXPECT_EQ(Contents(*collection_).at("a.bmp").tokens.at(0)->format, TokenFormat::kFp16);
  fixture_.patch_storage = PatchStorage::kNone;
  Create();
  Index();
  EXPECT_FALSE(Contents(*collection_).at("a.bmp").tokens.at(0).has_value());
}

TEST_P(IndexerTest, ThumbnailsCanBeLeftOut) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  fixture_.options.thumbnail_side = 0;
  Index();
  EXPECT_THAT(Contents(*collection_).at("a.bmp").thumbnail_bytes, ElementsAre(0U));
}

}  // namespace
}  // namespace sightline::indexer
