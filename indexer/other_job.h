// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include "base/result.h"

namespace sightline::indexer {

/// What a run says that is refused because another job runs in its collection.
inline constexpr std::string_view kOtherJob = "another job is running in the collection";

/// Whether a run failed for this alone, so that it can be tried again once that job has ended.
inline bool IsOtherJob(const Error& error) {
  return error.code == ErrorCode::kUnavailable && error.message == kOtherJob;
}

}  // namespace sightline::indexer
