// SPDX-License-Identifier: BSD-3-Clause
#include "app/model_location.h"

#include <system_error>

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultModel = "sightline-small";

bool IsModelDir(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path / "config.json", ignored);
}

}  // namespace

Result<fs::path> FindModelDir(const std::string& chosen) {
  if (!chosen.empty()) return fs::path(chosen);
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path installed = program.parent_path() / "../share/sightline/models" / kDefaultModel;
  if (!error && IsModelDir(installed)) return installed.lexically_normal();
  for (fs::path folder = program.parent_path(); !error && folder.has_relative_path(); folder = folder.parent_path()) {
    if (IsModelDir(folder / "models" / kDefaultModel)) return folder / "models" / kDefaultModel;
  }
  return Fail(ErrorCode::kNotFound, std::string("the default model ") + kDefaultModel +
                                        " is not beside the program: give --model DIR or set SIGHTLINE_MODEL");
}

}  // namespace sightline::app
