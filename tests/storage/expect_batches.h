// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>

#include "storage/collection.h"
#include "tests/storage/crash_plan.h"
#include "tests/support/test_support.h"

namespace sightline::testing {

/// Opens the collection in `folder` and expects that it is sound and holds between `least` and `most` batches of the
/// plan, and nothing but what these make.
inline void ExpectBatches(const std::filesystem::path& folder, uint64_t least, uint64_t most) {
  const auto opened = storage::Collection::Open(folder, CrashOptions());
  ASSERT_THAT(opened, IsOk());
  const auto batches = CommittedBatches(**opened);
  ASSERT_THAT(batches, IsOk());
  EXPECT_GE(*batches, least);
  EXPECT_LE(*batches, most);
  EXPECT_THAT(Differences(**opened, *batches), ::testing::IsEmpty());
}

}  // namespace sightline::testing
