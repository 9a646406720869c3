// SPDX-License-Identifier: BSD-3-Clause
#include "http/media_store.h"

#include <filesystem>
#include <string>
#include <thread>

#include <gmock/gmock.h>

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;

using testing::IsError;
using testing::IsOk;
using ::testing::Optional;

class MediaStoreTest : public ::testing::Test {
 protected:
  MediaStoreTest() : store_(*MediaStore::Open(dir_ / "media")) {}

  testing::TempDir dir_;
  std::unique_ptr<MediaStore> store_;
};

// SHA-256 of "abc", FIPS 180-4's own example.
TEST_F(MediaStoreTest, FileIsCalledAfterItsContent) {
  EXPECT_EQ(store_->PathOf("photos", "abc", "jpg"),
            fs::canonical(dir_ / "media") / "photos" / "ba" /
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.jpg");
}

TEST_F(MediaStoreTest, ContentIsStoredOnce) {
  const fs::path path = store_->PathOf("photos", "abc", "jpg");
  EXPECT_TRUE(store_->Put(path, "abc").value());
  EXPECT_FALSE(store_->Put(path, "abc").value());
  EXPECT_EQ(testing::ReadTestFile(path), "abc");
}

TEST_F(MediaStoreTest, FileThatWasCutIsWrittenAgain) {
  const fs::path path = store_->PathOf("photos", "abc", "jpg");
  testing::WriteTestFile(path, "a");
  EXPECT_TRUE(store_->Put(path, "abc").value());
  EXPECT_EQ(testing::ReadTestFile(path), "abc");
}

TEST_F(MediaStoreTest, StoreOwnsItsOwnFilesByCollection) {
  const fs::path path = store_->PathOf("photos", "abc", "jpg");
  EXPECT_TRUE(store_->Owns("photos", path));
  EXPECT_FALSE(store_->Owns("photo", path));
  EXPECT_FALSE(store_->Owns("photos", dir_ / "media" / "photos"));
  EXPECT_FALSE(store_->Owns("photos", "/etc/passwd"));
}

TEST_F(MediaStoreTest, LinkedFolderHasThePathsThatItemsHave) {
  fs::create_directories(dir_ / "disk");
  fs::create_directory_symlink(dir_ / "disk", dir_ / "linked");
  const auto store = MediaStore::Open(dir_ / "linked" / "media");
  ASSERT_THAT(store, IsOk());
  const fs::path path = (*store)->PathOf("photos", "abc", "jpg");
  EXPECT_THAT((*store)->Put(path, "abc"), IsOk());
  EXPECT_EQ(fs::canonical(path), path);
}

TEST_F(MediaStoreTest, RemovedFileGoesWithItsManifest) {
  const fs::path path = store_->PathOf("photos", "abc", "mp4");
  ASSERT_THAT(store_->Put(path, "abc"), IsOk());
  ASSERT_THAT(store_->Replace(fs::path(path).replace_extension("jsonl"), "{}"), IsOk());
  EXPECT_THAT(store_->Remove(path), IsOk());
  EXPECT_TRUE(fs::is_empty(path.parent_path()));
  EXPECT_THAT(store_->Remove(path), IsOk()) << "gone already";
}

TEST_F(MediaStoreTest, DroppedCollectionLeavesTheOthers) {
  const fs::path one = store_->PathOf("one", "abc", "jpg");
  const fs::path two = store_->PathOf("two", "abc", "jpg");
  ASSERT_THAT(store_->Put(one, "abc"), IsOk());
  ASSERT_THAT(store_->Put(two, "abc"), IsOk());
  EXPECT_THAT(store_->Drop("one"), IsOk());
  EXPECT_THAT(store_->Drop("one"), IsOk()) << "nothing there";
  EXPECT_FALSE(fs::exists(one));
  EXPECT_TRUE(fs::exists(two));
}

// What a crash leaves between a collection's end and that of its uploads.
TEST_F(MediaStoreTest, DropThatWasBegunIsEndedByTheNextStart) {
  const fs::path gone = store_->PathOf("gone", "abc", "jpg");
  const fs::path kept = store_->PathOf("kept", "abc", "jpg");
  for (const fs::path& file : {gone, kept}) ASSERT_THAT(store_->Put(file, "abc"), IsOk());
  ASSERT_THAT(store_->BeginDrop("gone"), IsOk());
  ASSERT_THAT(store_->BeginDrop("kept"), IsOk());
  const std::vector<std::string> names = {"kept"};
  ASSERT_THAT(store_->FinishDrops(names), IsOk());
  EXPECT_FALSE(fs::exists(gone));
  EXPECT_TRUE(fs::exists(kept)) << "its drop came to nothing";
  ASSERT_THAT(store_->FinishDrops({}), IsOk());
  EXPECT_TRUE(fs::exists(kept)) << "nobody began to drop it";
}

TEST_F(MediaStoreTest, FilesOfOneUploadAreKnownTogether) {
  const fs::path path = store_->PathOf("photos", "abc", "mp4");
  EXPECT_EQ(MediaStore::UploadOf(path), MediaStore::UploadOf(fs::path(path).replace_extension("jsonl")));
  EXPECT_EQ(MediaStore::UploadOf(path), MediaStore::UploadOf(fs::path(path) += ".tmp123"));
  EXPECT_THAT(store_->FoldersOf("photos"), IsOk());
  EXPECT_TRUE(store_->FoldersOf("photos")->empty());
  ASSERT_THAT(store_->Put(path, "abc"), IsOk());
  EXPECT_THAT(*store_->FoldersOf("photos"), ::testing::ElementsAre(path.parent_path()));
  EXPECT_THAT(*MediaStore::FilesIn(path.parent_path()), ::testing::ElementsAre(path));
}

TEST_F(MediaStoreTest, WhoWaitsForAFileGivesUpAtItsLimits) {
  const std::vector<fs::path> files = {store_->PathOf("photos", "abc", "jpg")};
  const auto held = store_->Lock(files, {});
  ASSERT_THAT(held, IsOk());
  std::jthread([&] {
    EXPECT_THAT(store_->Lock(files, Limits::After(std::chrono::milliseconds(1))),
                IsError(ErrorCode::kDeadlineExceeded));
    std::stop_source stop;
    stop.request_stop();
    EXPECT_THAT(store_->Lock(files, {.stop = stop.get_token()}), IsError(ErrorCode::kCancelled));
  }).join();
}

TEST_F(MediaStoreTest, SameFileTwiceIsLockedOnce) {
  const fs::path path = store_->PathOf("photos", "abc", "jpg");
  const std::vector<fs::path> files = {path, path, fs::path(path).replace_extension("png")};
  EXPECT_THAT(store_->Lock(files, Limits::After(std::chrono::seconds(30))), IsOk());
}

}  // namespace
}  // namespace sightline::http
