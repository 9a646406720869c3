// SPDX-License-Identifier: BSD-3-Clause
#include "base/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>

namespace sightline {
namespace {

TEST(WorkerPoolTest, DestructorFinishesEverythingSubmitted) {
  std::atomic<int> done = 0;
  {
    WorkerPool pool(3, 2);
    for (int i = 0; i < 100; ++i) pool.Submit([&done] { ++done; });
  }
  EXPECT_EQ(done, 100);
}

TEST(WorkerPoolTest, RunsTasksAtTheSameTime) {
  std::atomic<int> waiting = 0;
  {
    WorkerPool pool(2, 2);
    // Each task ends only when the other one runs too.
    for (int i = 0; i < 2; ++i) {
      pool.Submit([&waiting] {
        ++waiting;
        while (waiting < 2) std::this_thread::yield();
      });
    }
  }
  EXPECT_EQ(waiting, 2);
}

}  // namespace
}  // namespace sightline
