// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/path_shard.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "indexer/input_sources.h"
#include "tests/indexer/index_fixture.h"
#include "tests/support/test_support.h"

namespace sightline::indexer {
namespace {

using testing::IsErrorWith;
using testing::IsOk;

TEST(PathShardTest, EveryPathIsInExactlyOneShardAndAllShardsHaveTheirShare) {
  constexpr uint32_t kShards = 7;
  std::vector<size_t> sizes(kShards);
  for (int i = 0; i < 7000; ++i) {
    const std::string path = fmt::format("/pictures/{}.jpg", i);
    size_t owners = 0;
    for (uint32_t shard = 1; shard <= kShards; ++shard) {
      if (!Contains({shard, kShards}, path)) continue;
      ++owners;
      ++sizes[shard - 1];
    }
    EXPECT_EQ(owners, 1U) << path;
  }
  for (const size_t size : sizes) EXPECT_NEAR(static_cast<double>(size), 1000, 150);
}

// The first eight bytes of `printf %s /a.jpg | sha256sum`, as a little-endian number, modulo 1000, plus 1: other
// machines and later versions must agree.
TEST(PathShardTest, TheHashIsTheDocumentedOne) { EXPECT_TRUE(Contains({46, 1000}, "/a.jpg")); }

TEST(PathShardTest, OnlyShardsThatThereAreParse) {
  const auto shard = ParsePathShard("2/8");
  ASSERT_THAT(shard, IsOk());
  EXPECT_EQ(*shard, (PathShard{2, 8}));
  EXPECT_THAT(ParsePathShard("1/1"), IsOk());
  for (const char* text : {"", "1", "1/", "/1", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b", "1/4 ", "1/9999999999"}) {
    EXPECT_THAT(ParsePathShard(text), IsErrorWith(ErrorCode::kInvalidArgument, text)) << text;
  }
}

class ShardedIndexTest : public ::testing::Test {};

TEST_F(ShardedIndexTest, ShardsTogetherHaveEverythingOnce) {
  testing::IndexFixture fixture;
  testing::WriteManyBmps(fixture.photos(), "p", 40);
  std::vector<std::string> all;
  std::vector<std::string> sharded;
  VisitInputs({.paths = {fixture.photos()}}, [&](const InputEntry& entry) {
    all.push_back(entry.path);
    return true;
  });
  for (uint32_t i = 1; i <= 3; ++i) {
    const size_t before = sharded.size();
    VisitInputs({.paths = {fixture.photos()}, .shard = {i, 3}}, [&](const InputEntry& entry) {
      sharded.push_back(entry.path);
      return true;
    });
    EXPECT_GT(sharded.size(), before);
  }
  EXPECT_EQ(all.size(), 40U);
  EXPECT_THAT(sharded, ::testing::UnorderedElementsAreArray(all));
}

}  // namespace
}  // namespace sightline::indexer
