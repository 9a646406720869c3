// SPDX-License-Identifier: BSD-3-Clause
#include "query/reencode.h"

#include <algorithm>
#include <filesystem>

#include "base/sha256.h"
#include "encoder/preprocess.h"
#include "media/image.h"
#include "tests/query/query_fixture.h"

namespace sightline::query {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

// A collection without stored patches over copies of two sample photos.
class ReencodeTest : public QueryFixture {
 protected:
  ReencodeTest() {
    collection_ = MakeCollection(storage::PatchStorage::kNone);
    for (const char* name : {"photo-001.jpg", "photo-002.jpg"}) {
      std::filesystem::copy_file(testing::SourceTree("samples/photos") / name, folder_ / name);
      AddFile(folder_ / name);
    }
  }

  void AddFile(const std::filesystem::path& path) {
    const auto picture = media::DecodeImage(media::Source::FromFile(path), {});
    ASSERT_THAT(picture, IsOk());
    const auto pixels = encoder::ResizeToModelPixels(*picture, 4);
    ASSERT_THAT(pixels, IsOk());
    Sha256 sha;
    sha.Update(testing::ReadTestFile(path));
    const Sha256Digest digest = sha.Finish();
    AddOptions options = {.path = path.string(), .with_patches = false};
    std::copy_n(digest.begin(), options.hash.size(), options.hash.begin());
    Add(*pixels, options);
  }

  testing::TempDir folder_;
};

TEST_F(ReencodeTest, RerankEncodesTheFilesAgain) {
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->reranked, 2U);
  EXPECT_FALSE(answer->degraded) << answer->degraded_reason;
  EXPECT_TRUE(answer->hits[0].match_probability && answer->hits[1].match_probability);
}

TEST_F(ReencodeTest, AChangedFileIsNotReranked) {
  testing::WriteTestFile(folder_ / "photo-001.jpg",
                         testing::ReadTestFile(testing::SourceTree("samples/photos/photo-003.jpg")));
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->reranked, 1U);
  EXPECT_TRUE(answer->degraded);
  EXPECT_THAT(answer->degraded_reason, HasSubstr("1 of 2"));
  EXPECT_EQ(answer->hits[1].path, (folder_ / "photo-001.jpg").string());
}

TEST_F(ReencodeTest, AMissingFileIsNotReranked) {
  std::filesystem::remove(folder_ / "photo-002.jpg");
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->reranked, 1U);
  EXPECT_EQ(answer->hits[0].path, (folder_ / "photo-001.jpg").string());
}

}  // namespace
}  // namespace sightline::query
