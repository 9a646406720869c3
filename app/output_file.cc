// SPDX-License-Identifier: BSD-3-Clause
#include "app/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "base/file_io.h"

namespace sightline::app {

Status CheckOutputFile(const std::filesystem::path& file) {
  if (file.empty()) return {};
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::absolute(file, ignored).parent_path();
  if (!std::filesystem::is_directory(folder, ignored)) {
    return Fail(ErrorCode::kNotFound, fmt::format("there is no folder {} to write to", folder.string()));
  }
  if (std::filesystem::is_directory(file, ignored)) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{} is a folder: give a file to write to", file.string()));
  }
  if (::access(folder.c_str(), W_OK) != 0) return tl::unexpected(ErrnoError(errno, "write to", folder.string()));
  return {};
}

}  // namespace sightline::app
