// SPDX-License-Identifier: BSD-3-Clause
// A real full disk: a collection on a small tmpfs.
#include <string>

#include "indexer/indexer.h"
#include "tests/indexer/index_fixture.h"
#include "tests/support/small_disk.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using storage::Collection;
using testing::Contents;
using testing::ExpectExactAccounts;
using testing::ExpectSound;
using testing::FakeEncoder;
using testing::IsErrorWith;
using testing::IsOk;
using testing::RecordingObserver;
using testing::SmallDisk;
using testing::TempDir;
using testing::WriteManyBmps;

TEST(DiskFullIntegrationTest, RunEndsWithAClearErrorKeepsWhatItHasAndGoesOnWhenThereIsRoom) {
  constexpr uint32_t kPictures = 400;
  const TempDir scratch;
  SmallDisk disk(scratch / "disk");
  if (!disk.Mount("size=16m")) GTEST_SKIP() << disk.reason();
  const TempDir photos;
  WriteManyBmps(photos.path(), "p", kPictures);
  FakeEncoder encoder({.image_res = 64, .patch_size = 4, .dim = 256, .fingerprint = "fake"});  // 67 kB of patches each
  const auto& info = encoder.info();
  const storage::CollectionConfig config{info.config.name, info.fingerprint, 256, storage::PatchStorage::kInt8};
  const fs::path folder = disk.path() / "collection";
  RecordingObserver observer;
  size_t stored = 0;
  {
    auto collection = Collection::Create(folder, config);
    ASSERT_THAT(collection, IsOk());
    EXPECT_THAT(Indexer(**collection, encoder, {}).Run({{photos.path()}}, &observer, {}),
                IsErrorWith(ErrorCode::kResourceExhausted, ""));
  }
  {
    ASSERT_TRUE(disk.Remount("size=256m"));
    auto collection = Collection::Open(folder);
    ASSERT_THAT(collection, IsOk());
    ExpectSound(**collection);
    stored = Contents(**collection).size();
    EXPECT_GT(stored, 0U);
    EXPECT_LT(stored, kPictures);
    for (const auto& report : observer.reports) EXPECT_LE(report.added, stored) << "acknowledged, so it stays";

    encoder.images_encoded = 0;
    const auto rest = Indexer(**collection, encoder, {}).Run({{photos.path()}}, nullptr, {});
    ASSERT_THAT(rest, IsOk());
    ExpectExactAccounts(rest->progress);
    EXPECT_EQ(rest->progress.unchanged, stored);
    EXPECT_EQ(encoder.images_encoded, kPictures - stored);
    EXPECT_EQ(Contents(**collection).size(), kPictures);
    ExpectSound(**collection);
  }
}

}  // namespace
}  // namespace sightline::indexer
