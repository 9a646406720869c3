// SPDX-License-Identifier: BSD-3-Clause
#include "app/data_dir.h"

#include <system_error>

#include "base/file_io.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

fs::path ChooseDataDir(const std::string& flag, const Environment& environment) {
  if (!flag.empty()) return flag;
  if (const std::string data = environment.Get("SIGHTLINE_DATA"); !data.empty()) return data;
  if (const std::string xdg = environment.Get("XDG_DATA_HOME"); !xdg.empty()) return fs::path(xdg) / "sightline";
  if (const std::string home = environment.Get("HOME"); !home.empty()) return fs::path(home) / ".local/share/sightline";
  return {};
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

}  // namespace sightline::app
