// SPDX-License-Identifier: BSD-3-Clause
#include "storage/data_folder.h"

#include <filesystem>
#include <string>

#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;

TEST(CollectionNameTest, IsOneToSixtyFourLettersDigitsDashesAndUnderscores) {
  EXPECT_THAT(CheckCollectionName("photos-2024_A"), IsOk());
  EXPECT_THAT(CheckCollectionName(std::string(64, 'a')), IsOk());
  for (const std::string& name : {std::string(), std::string("a/b"), std::string(".."), std::string(".dropped-a"),
                                  std::string("caf\xC3\xA9"), std::string(65, 'a'), std::string("a\0b", 3)}) {
    EXPECT_THAT(CheckCollectionName(name), IsError(ErrorCode::kInvalidArgument)) << name;
  }
}

TEST(DataFolderTest, ListsFoldersThatCanBeCollections) {
  const testing::TempDir data;
  EXPECT_THAT(ListCollections(data.path()).value(), IsEmpty());
  testing::WriteTestFile(CollectionFolder(data.path(), "b") / "x", "");
  testing::WriteTestFile(CollectionFolder(data.path(), "a") / "x", "");
  testing::WriteTestFile(data / "collections/file", "");
  testing::WriteTestFile(data / "collections/.dropped-c/x", "");
  EXPECT_THAT(ListCollections(data.path()).value(), ElementsAre("a", "b"));
}

TEST(DataFolderTest, RemovesACollectionAndNothingElse) {
  const testing::TempDir data;
  testing::WriteTestFile(CollectionFolder(data.path(), "a") / "records/x", "1");
  testing::WriteTestFile(CollectionFolder(data.path(), "b") / "records/x", "2");
  EXPECT_THAT(RemoveCollectionFolder(data.path(), "a"), IsOk());
  EXPECT_THAT(ListCollections(data.path()).value(), ElementsAre("b"));
  EXPECT_THAT(RemoveCollectionFolder(data.path(), "a"), IsError(ErrorCode::kNotFound));
  EXPECT_THAT(RemoveCollectionFolder(data.path(), "../collections/b"), IsError(ErrorCode::kInvalidArgument));
  EXPECT_EQ(testing::ReadTestFile(CollectionFolder(data.path(), "b") / "records/x"), "2");
}

TEST(DataFolderTest, WhatACrashLeftIsRemovedLater) {
  const testing::TempDir data;
  testing::WriteTestFile(data / "collections/.dropped-a/records/x", "1");
  testing::WriteTestFile(CollectionFolder(data.path(), "a") / "records/x", "2");
  RemoveDroppedCollections(data.path());
  EXPECT_FALSE(std::filesystem::exists(data / "collections/.dropped-a"));
  EXPECT_THAT(ListCollections(data.path()).value(), ElementsAre("a"));
  // And the next removal of the same name does not stumble over it either.
  testing::WriteTestFile(data / "collections/.dropped-a/records/x", "1");
  EXPECT_THAT(RemoveCollectionFolder(data.path(), "a"), IsOk());
  EXPECT_THAT(ListCollections(data.path()).value(), IsEmpty());
}

}  // namespace
}  // namespace sightline::storage
