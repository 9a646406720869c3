// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

#include "app/environment.h"
#include "base/result.h"
#include "storage/data_folder.h"

namespace sightline::app {

using storage::CheckCollectionName;
using storage::CollectionFolder;
using storage::ListCollections;

/// The data folder: `flag`, else $SIGHTLINE_DATA, else $XDG_DATA_HOME/sightline, else $HOME/.local/share/sightline;
/// absolute. It need not exist. Errors: kInvalidArgument (none of them is set).
Result<std::filesystem::path> ResolveDataDir(const std::string& flag, const Environment& environment);

}  // namespace sightline::app
