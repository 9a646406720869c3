// SPDX-License-Identifier: BSD-3-Clause
#include "app/data_dir.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "base/file_io.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxNameLength = 64;

fs::path ChooseDataDir(const std::string& flag, const Environment& environment) {
  if (!flag.empty()) return flag;
  if (const std::string data = environment.Get("SIGHTLINE_DATA"); !data.empty()) return data;
  if (const std::string xdg = environment.Get("XDG_DATA_HOME"); !xdg.empty()) return fs::path(xdg) / "sightline";
  if (const std::string home = environment.Get("HOME"); !home.empty()) return fs::path(home) / ".local/share/sightline";
  return {};
}

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

Result<fs::path> ResolveDataDir(const std::string& flag, const Environment& environment) {
  const fs::path chosen = ChooseDataDir(flag, environment);
  if (chosen.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "no data folder: give --data-dir, or set SIGHTLINE_DATA, XDG_DATA_HOME or HOME");
  }
  std::error_code error;
  const fs::path absolute = fs::absolute(chosen, error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "find", chosen));
  return absolute.lexically_normal();
}

Status CheckCollectionName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameLength || !std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" cannot name a collection: use 1 to 64 letters, digits, '-' and '_'", name));
  }
  return {};
}

fs::path CollectionFolder(const fs::path& data_dir, std::string_view name) { return data_dir / "collections" / name; }

Result<std::vector<std::string>> ListCollections(const fs::path& data_dir) {
  const fs::path folder = data_dir / "collections";
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    std::error_code ignored;
    if (CheckCollectionName(name) && entries->is_directory(ignored)) names.push_back(name);
  }
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "list", folder));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace sightline::app
