// SPDX-License-Identifier: BSD-3-Clause
#include "eval/data_folder.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;

const Dataset& Named(std::string_view name) {
  for (const Dataset& dataset : Datasets()) {
    if (dataset.name == name) return dataset;
  }
  ADD_FAILURE() << name;
  return Datasets().front();
}

TEST(DataFolderTest, AnEmptyFolderSaysWhereThingsBelong) {
  const testing::TempDir folder;
  const auto layout = FindLayout(Named("flickr8k"), folder.path());
  ASSERT_THAT(layout, IsOk());
  EXPECT_FALSE(layout->has_annotation);
  EXPECT_FALSE(layout->has_media);
  EXPECT_EQ(layout->annotation, "dataset_flickr8k.json");
  EXPECT_EQ(layout->media, "Flicker8k_Dataset");
  EXPECT_THAT(FindLayout(Named("coco"), folder / "none"), IsError(ErrorCode::kNotFound));
}

TEST(DataFolderTest, FindsWhatTheDownloadsUnpackTo) {
  const testing::TempDir folder;
  testing::WriteTestFile(folder / "annotations/captions_val2014.json", "{}");
  testing::WriteTestFile(folder / "val2014/1.jpg", "x");
  const auto coco = FindLayout(Named("coco"), folder.path());
  ASSERT_THAT(coco, IsOk());
  EXPECT_TRUE(coco->has_annotation);
  EXPECT_TRUE(coco->has_media);
  EXPECT_EQ(coco->annotation, "annotations/captions_val2014.json");
  EXPECT_EQ(coco->media, "val2014");
  testing::WriteTestFile(folder / "MSRVTT_data.json", "{}");
  testing::WriteTestFile(folder / "MSRVTT/videos/all/video0.mp4", "x");
  const auto msrvtt = FindLayout(Named("msrvtt"), folder.path());
  EXPECT_EQ(msrvtt->annotation, "MSRVTT_data.json");
  EXPECT_EQ(msrvtt->media, "MSRVTT/videos/all");
}

TEST(DataFolderTest, EmptyFilesAndFoldersAreMissing) {
  const testing::TempDir folder;
  testing::WriteTestFile(folder / "1.jpg", "x");
  testing::WriteTestFile(folder / "2.jpg", "");
  testing::WriteTestFile(folder / "3.jpg/x", "x");
  EXPECT_THAT(MissingFiles(folder.path(), {"1.jpg", "2.jpg", "3.jpg", "4.jpg"}),
              ElementsAre("2.jpg", "3.jpg", "4.jpg"));
}

}  // namespace
}  // namespace sightline::eval
