// SPDX-License-Identifier: BSD-3-Clause
#include "eval/video_files.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;
using testing::TempDir;
using testing::WriteTestFile;

RetrievalSet Videos(std::vector<std::string> ids) {
  return {.images = std::move(ids), .captions = {}, .left_out = {}, .has_videos = true};
}

TEST(VideoFilesTest, IdsBecomeFilesOfTheFolder) {
  const TempDir folder;
  for (const char* name : {"video1.mp4", "video2.webm", "video2.avi", "video2.txt", "video3.mp4"}) {
    WriteTestFile(folder / name, "");
  }
  RetrievalSet set = Videos({"video1", "video2", "video3.mp4", "video4", "../video1"});
  ASSERT_THAT(FindVideoFiles(folder.path(), set), IsOk());
  EXPECT_THAT(set.images, ElementsAre("video1.mp4", "video2.avi", "video3.mp4", "video4", "../video1"));
}

TEST(VideoFilesTest, AMissingFolderIsNotFound) {
  RetrievalSet set = Videos({"video1"});
  EXPECT_THAT(FindVideoFiles("/nowhere/videos", set), IsError(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace sightline::eval
