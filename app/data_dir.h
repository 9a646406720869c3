// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "app/environment.h"
#include "base/result.h"

namespace sightline::app {

/// The data folder: `flag`, else $SIGHTLINE_DATA, else $XDG_DATA_HOME/sightline, else $HOME/.local/share/sightline;
/// absolute. It need not exist. Errors: kInvalidArgument (none of them is set).
Result<std::filesystem::path> ResolveDataDir(const std::string& flag, const Environment& environment);

/// 1 to 64 ASCII letters, digits, '-' and '_'. Errors: kInvalidArgument.
Status CheckCollectionName(std::string_view name);

/// Where the collection of a checked name lives.
std::filesystem::path CollectionFolder(const std::filesystem::path& data_dir, std::string_view name);

/// Names of the collections in a data folder, sorted. No data folder: none. Errors: kUnavailable (cannot be read).
Result<std::vector<std::string>> ListCollections(const std::filesystem::path& data_dir);

}  // namespace sightline::app
