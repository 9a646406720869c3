// SPDX-License-Identifier: BSD-3-Clause
// What a run makes of files, inputs, models and disks that are not as they should be.
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "indexer/indexer.h"
#include "tests/indexer/index_fixture.h"
#include "tests/support/memory_collection.h"
#include "tests/support/without_root.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using storage::JobError;
using storage::JobState;
using ::testing::AnyOf;
using testing::BmpBytes;
using testing::Contents;
using ::testing::ElementsAre;
using testing::ErrorAt;
using testing::ExpectExactAccounts;
using testing::HasPath;
using ::testing::HasSubstr;
using testing::IndexFixture;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using testing::MemoryCollection;
using ::testing::SizeIs;
using testing::WithoutRoot;
using testing::WriteBmp;
using testing::WriteManyBmps;
using testing::WriteTestFile;

class BadInputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = MemoryCollection::Create(fixture_.config());
    ASSERT_THAT(made, IsOk());
    collection_ = *std::move(made);
    WriteBmp(photo("a-good.bmp"), {1, 2, 3});
    WriteBmp(photo("z-good.bmp"), {7, 8, 9});
  }

  fs::path photo(const std::string& name) const { return fixture_.photo(name); }

  // Indexes the folder: both good pictures are in, and one file has failed. Its error.
  JobError OnlyError(std::vector<fs::path> paths = {}) {
    const auto report = fixture_.Index(*collection_, std::move(paths));
    EXPECT_THAT(report, IsOk());
    if (!report) return {};
    EXPECT_EQ(report->progress.added, 2U);
    EXPECT_EQ(report->progress.failed, 1U);
    ExpectExactAccounts(report->progress);
    EXPECT_THAT(report->errors, SizeIs(1));
    return report->errors.empty() ? JobError{} : report->errors[0];
  }

  IndexFixture fixture_;
  std::unique_ptr<MemoryCollection> collection_;
};

TEST_F(BadInputTest, EmptyFileFails) {
  WriteTestFile(photo("bad.jpg"), "");
  EXPECT_THAT(OnlyError(), ErrorAt(photo("bad.jpg"), "empty"));
}

TEST_F(BadInputTest, TextWithAPictureNameFails) {
  WriteTestFile(photo("bad.jpg"), "this is no picture at all, it is a text");
  EXPECT_FALSE(OnlyError().reason.empty());
}

TEST_F(BadInputTest, PictureCutOffInItsHeaderFails) {
  WriteTestFile(photo("bad.bmp"), BmpBytes(6, 5, {1, 2, 3}).substr(0, 30));
  EXPECT_FALSE(OnlyError().reason.empty());
}

TEST_F(BadInputTest, WrongExtensionDoesNotMatter) {
  WriteTestFile(photo("m.jpg"), BmpBytes(6, 5, {100, 2, 3}));
  const auto report = fixture_.Index(*collection_);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.added, 3U);
}

TEST_F(BadInputTest, OnePixelIsAPicture) {
  WriteTestFile(photo("m.bmp"), BmpBytes(1, 1, {100, 2, 3}));
  ASSERT_THAT(fixture_.Index(*collection_), IsOk());
  EXPECT_EQ(Contents(*collection_).at("m.bmp").width, 1);
}

TEST_F(BadInputTest, HugeHeaderFailsBeforeItIsDecoded) {
  std::string huge = BmpBytes(1, 1, {1, 2, 3});
  for (const size_t at : {18U, 22U}) huge.replace(at, 4, std::string("\x60\xEA\x00\x00", 4));  // 60,000
  WriteTestFile(photo("bad.bmp"), huge);
  EXPECT_FALSE(OnlyError().reason.empty());
}

TEST_F(BadInputTest, TooManyPixelsFail) {
  fixture_.options.max_pixels = 100;
  WriteTestFile(photo("bad.bmp"), BmpBytes(11, 10, {1, 2, 3}));
  EXPECT_THAT(OnlyError(), ErrorAt(photo("bad.bmp"), ""));
}

TEST_F(BadInputTest, TooManyBytesFail) {
  fixture_.options.max_file_bytes = 1000;
  WriteTestFile(photo("bad.bmp"), BmpBytes(40, 40, {1, 2, 3}));
  EXPECT_THAT(OnlyError(), ErrorAt(photo("bad.bmp"), "1000"));
}

TEST_F(BadInputTest, UnreadableFileFails) {
  WriteBmp(photo("bad.bmp"), {50, 50, 50});
  fs::permissions(photo("bad.bmp"), fs::perms::none);
  const WithoutRoot without_root(fixture_.photos());
  EXPECT_THAT(OnlyError(), ErrorAt(photo("bad.bmp"), "Permission denied"));
}

TEST_F(BadInputTest, BrokenLinkFails) {
  fs::create_symlink("nowhere.bmp", photo("bad.bmp"));
  EXPECT_THAT(OnlyError(), ErrorAt(photo("bad.bmp"), "broken link to nowhere.bmp"));
}

TEST_F(BadInputTest, FifoFailsWithoutBlocking) {
  ASSERT_EQ(::mkfifo(photo("bad.bmp").c_str(), 0600), 0);
  EXPECT_THAT(OnlyError(), ErrorAt(photo("bad.bmp"), "a FIFO"));
}

TEST_F(BadInputTest, DeviceFails) {
  EXPECT_THAT(OnlyError({fixture_.photos(), "/dev/null"}), ErrorAt("/dev/null", "a device"));
}

TEST_F(BadInputTest, LoopOfFoldersEnds) {
  fs::create_directory_symlink("..", photo("up"));
  fs::create_directory_symlink(".", photo("self"));
  const auto report = fixture_.Index(*collection_);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.added, 2U);
  ExpectExactAccounts(report->progress);
}

TEST_F(BadInputTest, FileThatVanishesDuringTheRunFails) {
  fixture_.options.encode_batch = 1;
  fixture_.options.decode_threads = 1;
  WriteManyBmps(fixture_.photos(), "m", 200);
  fixture_.encoder.before_encode_images = [&](size_t) { fs::remove(photo("m-0199.bmp")); };
  const auto report = fixture_.Index(*collection_);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.added, 201U);
  EXPECT_THAT(report->errors, ElementsAre(ErrorAt(photo("m-0199.bmp"), "No such file")));
  ExpectExactAccounts(report->progress);
}

TEST_F(BadInputTest, ErrorsComeInTheOrderOfTheScan) {
  for (const char* name : {"b.jpg", "c.jpg", "d.jpg"}) WriteTestFile(photo(name), "");
  const auto report = fixture_.Index(*collection_);
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(report->errors,
              ElementsAre(ErrorAt(photo("b.jpg"), ""), ErrorAt(photo("c.jpg"), ""), ErrorAt(photo("d.jpg"), "")));
}

TEST_F(BadInputTest, FailedFileIsTriedAgainByTheNextRun) {
  WriteTestFile(photo("bad.bmp"), "");
  OnlyError();
  WriteBmp(photo("bad.bmp"), {50, 60, 70});
  const auto report = fixture_.Index(*collection_);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.added, 1U);
  EXPECT_EQ(report->progress.updated, 0U);
}

TEST_F(BadInputTest, BrokenFileLeavesItsOldItem) {
  ASSERT_THAT(fixture_.Index(*collection_), IsOk());
  WriteTestFile(photo("a-good.bmp"), "broken now");
  const auto report = fixture_.Index(*collection_);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.failed, 1U);
  EXPECT_EQ(Contents(*collection_).size(), 2U);
}

TEST_F(BadInputTest, ErrorListIsCutButErrorsAreCounted) {
  std::vector<fs::path> paths(1, fixture_.photos());
  for (int i = 0; i < 10'500; ++i) paths.push_back(photo("missing" + std::to_string(i)));
  const auto report = Indexer(*collection_, fixture_.encoder, fixture_.options).Run({paths, true}, nullptr, {});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.failed, 10'500U);
  EXPECT_THAT(report->errors, SizeIs(storage::kMaxJobErrors));
  EXPECT_EQ(collection_->Jobs()->front().error_count, 10'500U);
  ExpectExactAccounts(report->progress);
}

TEST_F(BadInputTest, MissingInputEndsTheRunBeforeItBegins) {
  EXPECT_THAT(fixture_.Index(*collection_, {fixture_.photos(), photo("nope")}),
              IsErrorWith(ErrorCode::kNotFound, "nope"));
  EXPECT_TRUE(collection_->Jobs()->empty());
}

TEST_F(BadInputTest, MissingPathOfAListFailsAlone) {
  const auto report = Indexer(*collection_, fixture_.encoder, fixture_.options)
                          .Run({{photo("nope.bmp"), fixture_.photos()}, true}, nullptr, {});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.added, 2U);
  EXPECT_THAT(report->errors, ElementsAre(ErrorAt(photo("nope.bmp"), "No such file")));
}

TEST_F(BadInputTest, CollectionOfAnotherModelIsRefused) {
  fixture_.encoder.mutable_info().fingerprint = "another";
  EXPECT_THAT(fixture_.Index(*collection_), IsErrorWith(ErrorCode::kFailedPrecondition, "another"));
  EXPECT_TRUE(Contents(*collection_).empty());
}

TEST_F(BadInputTest, PictureThatTheEncoderRefusesFailsAlone) {
  WriteBmp(photo("bad.bmp"), {255, 0, 0});
  WriteBmp(photo("bad-copy.bmp"), {255, 0, 0});
  fixture_.encoder.image_error = [](const ImageRgb8& pixels) -> std::optional<Error> {
    if (pixels.pixels[0] == 255) return Error{ErrorCode::kInternal, "too red"};
    return std::nullopt;
  };
  const auto report = fixture_.Index(*collection_);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.added, 2U);
  EXPECT_THAT(report->errors,
              ElementsAre(ErrorAt(photo("bad-copy.bmp"), "too red"), ErrorAt(photo("bad.bmp"), "too red")));
  ExpectExactAccounts(report->progress);
}

TEST_F(BadInputTest, BatchThatDoesNotFitMemoryIsEncodedOneByOne) {
  size_t batch = 0;
  fixture_.encoder.before_encode_images = [&](size_t requests) { batch = requests; };
  fixture_.encoder.image_error = [&](const ImageRgb8&) -> std::optional<Error> {
    if (batch > 1) return Error{ErrorCode::kResourceExhausted, "out of memory"};
    return std::nullopt;
  };
  const auto report = fixture_.Index(*collection_);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.added, 2U);
  EXPECT_EQ(report->progress.encoded, 2U);
}

TEST_F(BadInputTest, FullDiskEndsTheRunAndKeepsWhatWasAcknowledged) {
  fixture_.options.encode_batch = 1;
  WriteManyBmps(fixture_.photos(), "p", 50);
  fixture_.encoder.before_encode_images = [&](size_t) {
    if (fixture_.encoder.image_calls == 10) {
      collection_->FailCommits(Error{ErrorCode::kResourceExhausted, "no space left on device"});
    }
  };
  EXPECT_THAT(fixture_.Index(*collection_), IsErrorWith(ErrorCode::kResourceExhausted, "no space left"));
  const size_t kept = Contents(*collection_).size();
  EXPECT_GE(kept, 8U);
  EXPECT_LE(kept, 10U);
  EXPECT_EQ(collection_->Jobs()->front().state, JobState::kRunning) << "its end could not be written either";

  collection_->FailCommits(std::nullopt);
  fixture_.encoder.before_encode_images = nullptr;
  const auto report = fixture_.Index(*collection_);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.unchanged, kept);
  EXPECT_EQ(Contents(*collection_).size(), 52U);
  EXPECT_EQ(collection_->Jobs()->at(1).state, JobState::kStopped);
}

}  // namespace
}  // namespace sightline::indexer
