// SPDX-License-Identifier: BSD-3-Clause
#include "eval/picture_files.h"

#include <optional>
#include <string>
#include <system_error>
#include <unordered_set>
#include <vector>

#include "base/file_io.h"

namespace sightline::eval {
namespace {

namespace fs = std::filesystem;

// More than any download has; beyond it, looking into each for every picture would take long.
constexpr size_t kMaxSubfolders = 32;

bool IsThere(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Result<std::vector<fs::path>> SubfoldersOf(const fs::path& folder) {
  std::vector<fs::path> names;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) names.push_back(entry->path().filename());
  }
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "list", folder));
  return names.size() <= kMaxSubfolders ? names : std::vector<fs::path>();
}

// `path` without its first folder, if that is called as the folder where paths start.
std::optional<fs::path> WithoutFirst(const fs::path& path, const fs::path& folder_name) {
  if (!path.has_parent_path() || *path.begin() != folder_name) return std::nullopt;
  return path.lexically_relative(folder_name);
}

std::optional<fs::path> InSubfolder(const fs::path& name, const fs::path& folder,
                                    const std::vector<fs::path>& subfolders) {
  std::optional<fs::path> found;
  for (const fs::path& subfolder : subfolders) {
    if (!IsThere(folder / subfolder / name)) continue;
    if (found) return std::nullopt;
    found = subfolder / name;
  }
  return found;
}

fs::path NameOf(const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(folder, error);
  return error ? folder.filename() : whole.filename();
}

}  // namespace

Status FindPictureFiles(const fs::path& folder, RetrievalSet& set) {
  SL_ASSIGN_OR_RETURN(const std::vector<fs::path> subfolders, SubfoldersOf(folder));
  const fs::path folder_name = NameOf(folder);
  std::unordered_set<std::string> taken(set.images.begin(), set.images.end());
  for (std::string& image : set.images) {
    const fs::path path(image);
    if (IsThere(folder / path)) continue;
    std::optional<fs::path> other = path.has_parent_path() ? WithoutFirst(path, folder_name) : std::nullopt;
    if (!path.has_parent_path()) other = InSubfolder(path, folder, subfolders);
    if (other && IsThere(folder / *other) && taken.insert(other->string()).second) image = other->string();
  }
  return {};
}

}  // namespace sightline::eval
