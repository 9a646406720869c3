// SPDX-License-Identifier: BSD-3-Clause
#include "query/token_cache.h"

#include <cstdint>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace sightline::query {
namespace {

constexpr size_t kBytes = 64;  // of one matrix

SharedTokens Tokens(float value) {
  const std::vector<float> values(16, value);
  return std::make_shared<const TokenMatrix>(MakeTokenMatrix(values, 2, 8, TokenFormat::kFp32));
}

TEST(TokenCacheTest, FindsWhatWasKeptUnderTheSameCommitOnly) {
  TokenCache cache(10 * kBytes);
  const SharedTokens tokens = Tokens(1);
  cache.Insert(UnitId{1}, Epoch{5}, tokens);
  EXPECT_EQ(cache.Find(UnitId{1}, Epoch{5}), tokens);
  EXPECT_EQ(cache.Find(UnitId{1}, Epoch{4}), nullptr);
  EXPECT_EQ(cache.Find(UnitId{1}, Epoch{6}), nullptr);
  EXPECT_EQ(cache.Find(UnitId{2}, Epoch{5}), nullptr);
}

TEST(TokenCacheTest, ALaterCommitReplacesAnEarlierOneAndNotTheOtherWayRound) {
  TokenCache cache(10 * kBytes);
  cache.Insert(UnitId{1}, Epoch{5}, Tokens(1));
  const SharedTokens later = Tokens(2);
  cache.Insert(UnitId{1}, Epoch{6}, later);
  cache.Insert(UnitId{1}, Epoch{5}, Tokens(1));
  EXPECT_EQ(cache.Find(UnitId{1}, Epoch{6}), later);
  EXPECT_EQ(cache.Find(UnitId{1}, Epoch{5}), nullptr);
  EXPECT_EQ(cache.size_bytes(), kBytes);
}

TEST(TokenCacheTest, WhatWasNotUsedForLongestGoesFirst) {
  TokenCache cache(3 * kBytes);
  for (uint64_t unit : {1, 2, 3}) cache.Insert(UnitId{unit}, Epoch{1}, Tokens(0));
  EXPECT_NE(cache.Find(UnitId{1}, Epoch{1}), nullptr);
  cache.Insert(UnitId{4}, Epoch{1}, Tokens(0));
  EXPECT_EQ(cache.Find(UnitId{2}, Epoch{1}), nullptr);
  for (uint64_t unit : {1, 3, 4}) EXPECT_NE(cache.Find(UnitId{unit}, Epoch{1}), nullptr) << unit;
  EXPECT_EQ(cache.size_bytes(), 3 * kBytes);
}

TEST(TokenCacheTest, CachesOfOnePoolHaveOneBudgetAndOneOrder) {
  const auto pool = std::make_shared<TokenPool>(3 * kBytes);
  TokenCache cats(pool);
  TokenCache dogs(pool);
  cats.Insert(UnitId{1}, Epoch{1}, Tokens(1));
  cats.Insert(UnitId{2}, Epoch{1}, Tokens(1));
  dogs.Insert(UnitId{1}, Epoch{1}, Tokens(2));
  EXPECT_NE(cats.Find(UnitId{1}, Epoch{1}), dogs.Find(UnitId{1}, Epoch{1})) << "each has its own units";
  dogs.Insert(UnitId{3}, Epoch{1}, Tokens(2));
  EXPECT_EQ(cats.Find(UnitId{2}, Epoch{1}), nullptr) << "used longest ago of all";
  EXPECT_NE(cats.Find(UnitId{1}, Epoch{1}), nullptr);
  EXPECT_EQ(cats.size_bytes(), kBytes);
  EXPECT_EQ(dogs.size_bytes(), 2 * kBytes);
  EXPECT_EQ(pool->size_bytes(), 3 * kBytes);
}

TEST(TokenCacheTest, WhatACacheKeptGoesWithIt) {
  const auto pool = std::make_shared<TokenPool>(3 * kBytes);
  TokenCache cats(pool);
  cats.Insert(UnitId{1}, Epoch{1}, Tokens(1));
  {
    TokenCache dogs(pool);
    dogs.Insert(UnitId{1}, Epoch{1}, Tokens(2));
    dogs.Insert(UnitId{2}, Epoch{1}, Tokens(2));
  }
  EXPECT_EQ(pool->size_bytes(), kBytes);
  for (uint64_t unit : {2, 3}) cats.Insert(UnitId{unit}, Epoch{1}, Tokens(1));
  EXPECT_NE(cats.Find(UnitId{1}, Epoch{1}), nullptr) << "there was room";
}

TEST(TokenCacheTest, KeepsToItsBudget) {
  TokenCache cache(kBytes + 10);
  cache.Insert(UnitId{1}, Epoch{1}, Tokens(0));
  cache.Insert(UnitId{2}, Epoch{1}, Tokens(0));
  EXPECT_EQ(cache.size_bytes(), kBytes);
  TokenCache small(kBytes - 1);
  small.Insert(UnitId{1}, Epoch{1}, Tokens(0));
  EXPECT_EQ(small.Find(UnitId{1}, Epoch{1}), nullptr);
  EXPECT_EQ(small.size_bytes(), 0U);
  TokenCache none(0);
  none.Insert(UnitId{1}, Epoch{1}, Tokens(0));
  EXPECT_EQ(none.size_bytes(), 0U);
}

TEST(TokenCacheTest, WhoHoldsTokensKeepsThemWhenTheyAreDropped) {
  TokenCache cache(kBytes);
  cache.Insert(UnitId{1}, Epoch{1}, Tokens(3));
  const SharedTokens held = cache.Find(UnitId{1}, Epoch{1});
  cache.Insert(UnitId{2}, Epoch{1}, Tokens(4));
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(*held, *Tokens(3));
}

TEST(TokenCacheTest, ManyThreadsLeaveItWithinItsBudget) {
  TokenCache cache(8 * kBytes);
  {
    std::vector<std::jthread> threads;
    for (uint64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&cache, t] {
        for (uint64_t i = 0; i < 2000; ++i) {
          const UnitId unit{(i * 7 + t) % 20};
          if (!cache.Find(unit, Epoch{1})) cache.Insert(unit, Epoch{1}, Tokens(static_cast<float>(unit.value)));
          const auto found = cache.Find(unit, Epoch{1});
          EXPECT_TRUE(!found || *found == *Tokens(static_cast<float>(unit.value)));
        }
      });
    }
  }
  EXPECT_LE(cache.size_bytes(), 8 * kBytes);
  EXPECT_GT(cache.size_bytes(), 0U);
}

}  // namespace
}  // namespace sightline::query
