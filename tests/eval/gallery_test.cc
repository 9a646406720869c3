// SPDX-License-Identifier: BSD-3-Clause
#include "eval/gallery.h"

#include <filesystem>
#include <memory>

#include "tests/support/fake_encoder.h"
#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using ::testing::StartsWith;

// a.jpg and its copy c.jpg, and b.jpg, each with a caption.
class GalleryTest : public ::testing::Test {
 protected:
  GalleryTest() {
    Copy("photo-001.jpg", "a.jpg");
    Copy("photo-002.jpg", "b.jpg");
    Copy("photo-001.jpg", "c.jpg");
  }

  void Copy(const char* sample, const char* name) {
    std::filesystem::copy_file(testing::SourceTree("samples/photos") / sample, folder_ / name);
  }

  void Make(const storage::IndexOptions& index = {}) {
    auto made = storage::Collection::Create(
        folder_ / "collection",
        {.model_name = "fake", .model_fingerprint = "fake", .dim = 8, .patch_storage = storage::PatchStorage::kInt8},
        index);
    ASSERT_THAT(made, IsOk());
    collection_ = *std::move(made);
  }

  Gallery Index() {
    auto gallery =
        IndexGallery(set_, *collection_, encoder_,
                     {.image_folder = folder_.path(), .captions_file = folder_ / "captions.jsonl"}, nullptr, {});
    EXPECT_THAT(gallery, IsOk());
    return gallery.value_or(Gallery());
  }

  testing::TempDir folder_;
  RetrievalSet set_ = {.images = {"a.jpg", "b.jpg", "c.jpg"}, .captions = {{"red", 0}, {"green", 1}, {"blue", 2}}};
  testing::FakeEncoder encoder_;
  std::unique_ptr<storage::Collection> collection_;
};

TEST_F(GalleryTest, WhatWasIndexedOfAFileThatIsBrokenNowIsGone) {
  Make();
  const Gallery before = Index();
  EXPECT_TRUE(before.missing.empty());
  EXPECT_THAT(before.duplicates, ElementsAre("c.jpg: the content of a.jpg"));
  testing::WriteTestFile(folder_ / "a.jpg", "no picture");
  testing::WriteTestFile(folder_ / "b.jpg", "no picture either");
  const Gallery after = Index();
  EXPECT_FALSE(after.images[0]);
  EXPECT_FALSE(after.images[1]);
  EXPECT_EQ(after.images[2], before.images[2]) << "the copy is as it was";
  EXPECT_THAT(after.missing, ElementsAre(StartsWith("a.jpg: "), StartsWith("b.jpg: ")));
  EXPECT_TRUE(after.duplicates.empty());
  const auto stats = collection_->Stats();
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->items, 1U + 3U) << "b.jpg is no distractor";
}

TEST_F(GalleryTest, ALargeSetIsSearchedExactlyAsWell) {
  Make({.exact_limit = 1, .seal_rows = 2});
  Index();
  ASSERT_THAT(collection_->WaitForBackground(), IsOk());
  const auto stats = collection_->Stats();
  ASSERT_THAT(stats, IsOk());
  EXPECT_EQ(stats->index.exact_rows, 5U);
  EXPECT_TRUE(stats->index.segments.empty());
}

}  // namespace
}  // namespace sightline::eval
