// SPDX-License-Identifier: BSD-3-Clause
#include "base/location_split.h"

#include <utility>

#include <gmock/gmock.h>

namespace sightline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::pair<std::string, std::string>> Pairs(std::string_view location) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (auto& [file, name] : SplitsOf(location)) pairs.emplace_back(file, name);
  return pairs;
}

TEST(LocationSplitTest, APlainPathHasNoReadingWithin) {
  EXPECT_THAT(Pairs(""), IsEmpty());
  EXPECT_THAT(Pairs("/data/a.jpg"), IsEmpty());
}

TEST(LocationSplitTest, EveryHashMayPartFileAndNameShortestFileFirst) {
  EXPECT_THAT(Pairs("/a.tar#b.jpg"), ElementsAre(std::pair("/a.tar", "b.jpg")));
  EXPECT_THAT(Pairs("/c#1/a.tar#x#2"), ElementsAre(std::pair("/c", "1/a.tar#x#2"), std::pair("/c#1/a.tar", "x#2"),
                                                   std::pair("/c#1/a.tar#x", "2")));
}

TEST(LocationSplitTest, PartsMayBeEmpty) {
  EXPECT_THAT(Pairs("#a"), ElementsAre(std::pair("", "a")));
  EXPECT_THAT(Pairs("a#"), ElementsAre(std::pair("a", "")));
}

}  // namespace
}  // namespace sightline
