// SPDX-License-Identifier: BSD-3-Clause
#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

namespace sightline {
namespace {

TEST(BoundedQueueTest, PopReturnsInOrderOfPush) {
  BoundedQueue<int> queue(3);
  EXPECT_TRUE(queue.Push(1) && queue.Push(2) && queue.Push(3));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), 2);
  EXPECT_EQ(queue.Pop(), 3);
}

TEST(BoundedQueueTest, PushWaitsWhileFull) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(queue.Push(1));
  std::atomic<bool> pushed = false;
  std::jthread producer([&] { pushed = queue.Push(2); });
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), 2);  // only there once the producer got through
  producer.join();
  EXPECT_TRUE(pushed);
}

TEST(BoundedQueueTest, TryPushOnAFullQueueReturnsAtOnce) {
  BoundedQueue<int> queue(1);
  EXPECT_TRUE(queue.TryPush(1));
  EXPECT_FALSE(queue.TryPush(2));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_TRUE(queue.TryPush(3));
  queue.Close();
  EXPECT_EQ(queue.Pop(), 3);
  EXPECT_FALSE(queue.TryPush(4));
}

TEST(BoundedQueueTest, CloseLetsTheRestBePopped) {
  BoundedQueue<int> queue(2);
  ASSERT_TRUE(queue.Push(1));
  queue.Close();
  EXPECT_FALSE(queue.Push(2));
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

TEST(BoundedQueueTest, AbortDropsTheRestAndWakesTheProducer) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(queue.Push(1));
  std::atomic<bool> accepted = true;
  std::jthread producer([&] { accepted = queue.Push(2); });
  queue.Abort();
  producer.join();
  EXPECT_FALSE(accepted);
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

TEST(BoundedQueueTest, WaitForTellsWhetherPopWouldBlock) {
  BoundedQueue<int> queue(1);
  EXPECT_FALSE(queue.WaitFor(std::chrono::milliseconds(1)));
  const std::jthread producer([&] { EXPECT_TRUE(queue.Push(1)); });
  EXPECT_TRUE(queue.WaitFor(std::chrono::minutes(1)));
  EXPECT_EQ(queue.Pop(), 1);
  queue.Close();
  EXPECT_TRUE(queue.WaitFor(std::chrono::minutes(1))) << "the end is known too";
}

TEST(BoundedQueueTest, TryPopOnAnEmptyQueueReturnsAtOnce) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_EQ(queue.TryPop(), std::nullopt);
  ASSERT_TRUE(queue.Push(std::make_unique<int>(7)));
  EXPECT_EQ(**queue.TryPop(), 7);
}

}  // namespace
}  // namespace sightline
