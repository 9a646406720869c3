// SPDX-License-Identifier: BSD-3-Clause
#include "media/watchdog_internal.h"

#include <string>

namespace sightline::media {

Watchdog::Watchdog(Limits limits, std::chrono::nanoseconds stall_timeout)
    : limits_(std::move(limits)), stall_timeout_(stall_timeout) {}

bool Watchdog::Expired() const { return !limits_.Check("") || Stalled(); }

Status Watchdog::Check(std::string_view what) const {
  SL_RETURN_IF_ERROR(limits_.Check(what));
  if (!Stalled()) return {};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(stall_timeout_).count();
  return Fail(ErrorCode::kDeadlineExceeded,
              std::string(what) + ": no frame for more than " + std::to_string(seconds) + " s");
}

}  // namespace sightline::media
