// SPDX-License-Identifier: BSD-3-Clause
#include "http/upload_bringing.h"

#include <chrono>
#include <filesystem>
#include <future>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "http/upload_cleaning.h"
#include "indexer/transfer/collection_merger.h"
#include "storage/data_folder.h"
#include "tests/http/api_fixture.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;

using testing::Answer;
using testing::IsOk;

constexpr testing::Rgb kRed = {255, 0, 0};
constexpr testing::Rgb kBlue = {0, 0, 255};

class UploadBringingTest : public testing::ApiFixture {
 protected:
  UploadBringingTest() {
    Put("/v1/collections/first");
    Put("/v1/collections/second");
  }

  indexer::MergeOptions Options() {
    indexer::MergeOptions options{.name = "first"};
    options.batches.bring_files = [this](std::span<storage::ItemRecord> items) {
      return BringUploads(*media_, "second", items);
    };
    return options;
  }
  indexer::IndexProgress Merge(const indexer::MergeOptions& options) {
    const auto first = *host_->Find("first");
    const auto second = *host_->Find("second");
    const auto report = indexer::MergeCollection(*second->collection, *first->collection, options, nullptr, {});
    EXPECT_THAT(report, IsOk());
    return report ? report->progress : indexer::IndexProgress();
  }
  fs::path PathIn(const std::string& collection, testing::Rgb colour) const {
    return media_->PathOf(collection, Picture(colour), "bmp");
  }
  /// The paths of all items of the merged collection, in order of their ids.
  std::vector<std::string> Paths() {
    std::vector<std::string> paths;
    const boost::json::value items = Get("/v1/collections/second/items").json();
    for (const auto& item : items.at("items").as_array()) {
      for (const auto& path : item.at("paths").as_array()) paths.emplace_back(path.as_string());
    }
    return paths;
  }
};

TEST_F(UploadBringingTest, MergedItemsHaveFilesOfTheirOwn) {
  ASSERT_EQ(Upload("first", Picture(kRed)).status, 201);
  testing::WriteTestFile(root() / "a.bmp", Picture(kBlue));
  const std::string registered = fs::canonical(root() / "a.bmp").string();
  ASSERT_EQ(Post("/v1/collections/first/items", fmt::format(R"({{"path": "{}"}})", registered)).status, 201);
  EXPECT_EQ(Merge(Options()).added, 2U);
  const fs::path mine = PathIn("second", kRed);
  EXPECT_THAT(Paths(), ::testing::ElementsAre(mine.string(), registered));
  EXPECT_EQ(fs::hard_link_count(mine), 2U) << "no second copy";
  EXPECT_EQ(Merge(Options()).unchanged, 2U);
  EXPECT_EQ(Delete("/v1/collections/first").status, 204);
  EXPECT_EQ(testing::ReadTestFile(mine), Picture(kRed));
  const Answer again = Upload("second", Picture(kRed));
  EXPECT_EQ(again.status, 200) << "known";
  EXPECT_EQ(Paths().size(), 2U);
}

TEST_F(UploadBringingTest, CaptionFollowsThePictureThatItDescribes) {
  const Answer picture = Upload("first", Picture(kRed));
  const auto id = picture.json().at("item").at("item_id").to_number<uint64_t>();
  const std::string caption = fmt::format(R"({{"text": "a red square", "id": "1", "item_id": {}}})", id);
  ASSERT_EQ(Post("/v1/collections/first/items", caption).status, 201);
  Merge(Options());
  const Answer items = Get("/v1/collections/second/items?path=caption://1");
  EXPECT_EQ(items.json().at("items").at(0).at("metadata").at("caption_of").at(0).as_string(),
            PathIn("second", kRed).string());
}

// What collections that were merged before keep: paths to the uploads of the first one.
TEST_F(UploadBringingTest, MergingAgainBringsTheFilesOfAnEarlierMerge) {
  ASSERT_EQ(Upload("first", Picture(kRed)).status, 201);
  Merge({.name = "first"});
  EXPECT_THAT(Paths(), ::testing::ElementsAre(PathIn("first", kRed).string()));
  EXPECT_EQ(Merge(Options()).duplicate, 1U);
  EXPECT_THAT(Paths(), ::testing::ElementsAre(PathIn("first", kRed).string(), PathIn("second", kRed).string()));
  EXPECT_EQ(Delete("/v1/collections/first").status, 204);
  EXPECT_EQ(Get("/v1/items/second/1/media").status, 200);
}

// As a restored snapshot of another collection has them, and what an earlier merge left with both paths.
TEST_F(UploadBringingTest, ItemsThatAreThereAlreadyGetFilesOfTheirOwn) {
  ASSERT_EQ(Upload("first", Picture(kRed)).status, 201);
  ASSERT_EQ(Upload("first", Picture(kBlue)).status, 201);
  Merge({.name = "first"});
  ASSERT_EQ(Upload("second", Picture(kBlue)).status, 200) << "known, under a path of its own too";
  EXPECT_EQ(Paths().size(), 3U);
  const auto second = *host_->Find("second");
  EXPECT_EQ(*BringUploadsOfAll(*media_, "second", *second->collection, {}), 2U);
  EXPECT_THAT(Paths(), ::testing::ElementsAre(PathIn("second", kRed).string(), PathIn("second", kBlue).string()));
  EXPECT_EQ(*BringUploadsOfAll(*media_, "second", *second->collection, {}), 0U);
  EXPECT_TRUE(fs::exists(PathIn("second", kRed)));
}

// A data folder that was moved, or a snapshot of another machine.
TEST_F(UploadBringingTest, PathsOfAnotherDataFolderAreLookedForInThisOne) {
  ASSERT_EQ(Upload("second", Picture(kRed)).status, 201);
  ASSERT_EQ(Upload("first", Picture(kBlue)).status, 201);
  const auto second = *host_->Find("second");
  storage::ItemRecord item = *(*second->collection->records().GetItems(std::vector{ItemId{1}}))[0];
  const auto moved = [this](const fs::path& path) {
    return fs::path("/before/data/media") / path.lexically_relative(media_->folder());
  };
  item.paths = {{.path = moved(PathIn("second", kRed)).string(), .size_bytes = 1, .mtime_ns = 1},
                {.path = moved(PathIn("first", kBlue)).string(), .size_bytes = 1, .mtime_ns = 1},
                {.path = moved(PathIn("third", kBlue)).string() + "x", .size_bytes = 1, .mtime_ns = 1}};
  storage::WriteSet changes;
  changes.put_items = {item};
  ASSERT_THAT(second->collection->Commit(changes), IsOk());
  EXPECT_EQ(*BringUploadsOfAll(*media_, "second", *second->collection, {}), 1U);
  EXPECT_THAT(Paths(), ::testing::ElementsAre(PathIn("second", kRed).string(), PathIn("second", kBlue).string(),
                                              item.paths[2].path));
  EXPECT_EQ(testing::ReadTestFile(PathIn("second", kBlue)), Picture(kBlue));
}

TEST_F(UploadBringingTest, WhatARestoreLeftIsTakenOnce) {
  const fs::path folder = storage::CollectionFolder(host_->data_dir(), "second");
  const fs::path mine = PathIn("second", kRed);
  testing::WriteTestFile(folder / "media" / mine.lexically_relative(media_->folder() / "second"), Picture(kRed));
  EXPECT_EQ(*TakeRestoredUploads(*media_, "second", folder), 1U);
  EXPECT_EQ(testing::ReadTestFile(mine), Picture(kRed));
  EXPECT_FALSE(fs::exists(folder / "media"));
  EXPECT_EQ(*TakeRestoredUploads(*media_, "second", folder), 0U);
}

TEST_F(UploadBringingTest, FileThatIsGoneLeavesItsPathAndTheOthersCome) {
  ASSERT_EQ(Upload("first", Picture(kRed)).status, 201);
  ASSERT_EQ(Upload("first", Picture(kBlue)).status, 201);
  fs::remove(PathIn("first", kRed));
  EXPECT_EQ(Merge(Options()).added, 2U);
  EXPECT_THAT(Paths(), ::testing::ElementsAre(PathIn("first", kRed).string(), PathIn("second", kBlue).string()));
}

// A crash between the files and the items, and one within a copy.
TEST_F(UploadBringingTest, WhatACrashLeftIsTakenUpOrRemoved) {
  ASSERT_EQ(Upload("first", Picture(kRed)).status, 201);
  const auto first = *host_->Find("first");
  std::vector<storage::ItemRecord> items;
  ASSERT_THAT(first->collection->ForEachItem([&](const storage::ItemRecord& item) {
    items.push_back(item);
    return true;
  }),
              IsOk());
  ASSERT_THAT(BringUploads(*media_, "second", items), IsOk());
  EXPECT_TRUE(fs::exists(PathIn("second", kRed)));
  const auto second = *host_->Find("second");
  EXPECT_EQ(*RemoveLeftovers(*media_, "second", *second->collection, {}), 1U);
  testing::WriteTestFile(PathIn("second", kRed), "half a ");
  EXPECT_EQ(Merge(Options()).added, 1U);
  EXPECT_EQ(testing::ReadTestFile(PathIn("second", kRed)), Picture(kRed));
  EXPECT_EQ(*RemoveLeftovers(*media_, "second", *second->collection, {}), 0U);
}

TEST_F(UploadBringingTest, FilesAreHeldUntilTheirItemsAreCommitted) {
  ASSERT_EQ(Upload("first", Picture(kRed)).status, 201);
  indexer::MergeOptions options = Options();
  std::future<Result<size_t>> cleaned;
  options.batches.bring_files = [&, bring = options.batches.bring_files](std::span<storage::ItemRecord> items) {
    auto held = bring(items);
    cleaned = std::async(std::launch::async, [this] {
      const auto second = *host_->Find("second");
      return RemoveLeftovers(*media_, "second", *second->collection, {});
    });
    EXPECT_EQ(cleaned.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout) << "waits for the items";
    return held;
  };
  Merge(options);
  EXPECT_EQ(*cleaned.get(), 0U);
  EXPECT_TRUE(fs::exists(PathIn("second", kRed)));
}

TEST_F(UploadBringingTest, OnlyNamesOfUploadsAreTakenForUploads) {
  const std::string good = PathIn("first", kRed).string();
  const std::string name = fs::path(good).filename().string();
  const std::string base = media_->folder().string();
  EXPECT_EQ(media_->PathIn("second", good), PathIn("second", kRed));
  for (const std::string& path :
       {PathIn("second", kRed).string(),                                             // here already
        base + "/first/../" + name, base + "/../" + name.substr(0, 2) + "/" + name,  // elsewhere
        base + "/first/zz/" + name, base + "/first/" + name.substr(0, 2) + "/..",
        base + "/first/" + name.substr(0, 2) + "/" + name.substr(0, 64),  // no ending
        good + ".tmp1", "/elsewhere/first/" + name.substr(0, 2) + "/" + name, std::string("caption://1")}) {
    EXPECT_EQ(media_->PathIn("second", path), std::nullopt) << path;
  }
}

}  // namespace
}  // namespace sightline::http
