// SPDX-License-Identifier: BSD-3-Clause
#include "app/scratch_folder.h"

#include <errno.h>
#include <stdlib.h>

#include <string>
#include <system_error>

#include "base/file_io.h"

namespace sightline::app {

Result<ScratchFolder> ScratchFolder::Make() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "find", "temporary folder"));
  std::string pattern = (parent / "sightline-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return tl::unexpected<Error>(ErrnoError(errno, "make a folder in", parent));
  return ScratchFolder(pattern);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Status MakeFolders(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return {};
  Error failure = ErrnoError(error.value(), "make the folder", path);
  // Whatever is in the way (a file, a link loop), it is the disk's state and not the request.
  if (failure.code != ErrorCode::kResourceExhausted) failure.code = ErrorCode::kUnavailable;
  return tl::unexpected<Error>(std::move(failure));
}

}  // namespace sightline::app
