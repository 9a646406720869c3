// SPDX-License-Identifier: BSD-3-Clause
#include "http/path_roots.h"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "base/file_io.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;

// Not files of anybody: what lies there speaks for processes and devices, and links there lead anywhere.
constexpr std::array<std::string_view, 3> kKernelFolders = {"/proc", "/sys", "/dev"};

// Both without links, "." and "..".
bool IsAtOrBelow(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

bool IsOfTheKernel(const fs::path& path) {
  return std::any_of(kKernelFolders.begin(), kKernelFolders.end(),
                     [&](std::string_view folder) { return IsAtOrBelow(path, folder); });
}

tl::unexpected<Error> Outside(std::string_view path) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: outside the folders that this server may read files from", path));
}

}  // namespace

Result<PathRoots> PathRoots::Make(std::span<const fs::path> folders) {
  std::vector<fs::path> roots;
  for (const fs::path& folder : folders) {
    std::error_code error;
    fs::path canonical = fs::canonical(folder, error);
    if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "use as a root", folder));
    if (!fs::is_directory(canonical, error)) {
      return Fail(ErrorCode::kInvalidArgument, folder.string() + ": cannot be a root: not a folder");
    }
    if (IsOfTheKernel(canonical)) {
      return Fail(ErrorCode::kInvalidArgument, folder.string() + ": cannot be a root: a folder of the kernel");
    }
    roots.push_back(std::move(canonical));
  }
  return PathRoots(std::move(roots));
}

bool PathRoots::Contains(const fs::path& canonical) const {
  if (IsOfTheKernel(canonical)) return false;
  return std::any_of(roots_.begin(), roots_.end(), [&](const fs::path& root) { return IsAtOrBelow(canonical, root); });
}

Result<fs::path> PathRoots::Resolve(std::string_view path) const {
  if (path.find('\0') != std::string_view::npos) {
    return Fail(ErrorCode::kInvalidArgument, "a path with a zero byte in it");
  }
  const fs::path given(path);
  if (!given.is_absolute()) return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: not an absolute path", path));
  std::error_code error;
  const fs::path canonical = fs::canonical(given, error);
  if (!error) return Contains(canonical) ? Result<fs::path>(canonical) : Outside(path);
  // Where it would be. Only for the message: what is behind a missing folder is not resolved.
  std::error_code ignored;
  const fs::path nearest = fs::weakly_canonical(given, ignored);
  if (nearest.empty() || !Contains(nearest)) return Outside(path);
  return tl::unexpected<Error>(ErrnoError(error.value(), "read", given));
}

}  // namespace sightline::http
