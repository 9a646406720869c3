// SPDX-License-Identifier: BSD-3-Clause
// A real full disk: a collection on a small tmpfs.
#include <sys/mount.h>

#include <string>

#include "indexer/indexer.h"
#include "tests/indexer/index_fixture.h"

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
using testing::TempDir;
using testing::WriteManyBmps;

/// A file system in memory of a given size. Needs the right to mount.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& size) { mounted_ = Mount(size, 0); }
  ~SmallDisk() {
    if (mounted_) ::umount2(dir_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  bool Grow(const std::string& size) { return Mount(size, MS_REMOUNT); }
  fs::path path() const { return dir_.path(); }

 private:
  bool Mount(const std::string& size, unsigned long flags) {
    return ::mount("tmpfs", dir_.path().c_str(), "tmpfs", flags, ("size=" + size).c_str()) == 0;
  }

  TempDir dir_;
  bool mounted_ = false;
};

TEST(DiskFullIntegrationTest, RunEndsWithAClearErrorKeepsWhatItHasAndGoesOnWhenThereIsRoom) {
  constexpr uint32_t kPictures = 400;
  SmallDisk disk("16m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs is not allowed here";
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
    ASSERT_TRUE(disk.Grow("256m"));
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
