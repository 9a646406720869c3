// SPDX-License-Identifier: BSD-3-Clause
#include "storage/free_space.h"

#include <string>
#include <system_error>

namespace sightline::storage {

Status CheckFreeSpace(const std::filesystem::path& folder, uint64_t min_free_bytes) {
  if (min_free_bytes == 0) return {};
  std::error_code unknown;
  const auto space = std::filesystem::space(folder, unknown);
  if (unknown || space.available >= min_free_bytes) return {};
  constexpr uint64_t kMega = 1'000'000;
  return Fail(ErrorCode::kResourceExhausted, folder.string() + ": " + std::to_string(space.available / kMega) +
                                                 " MB are free on this disk, and " +
                                                 std::to_string(min_free_bytes / kMega) + " MB are to stay free");
}

}  // namespace sightline::storage
