// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

/// Files and folders that snapshots are made of.
namespace sightline::storage {

/// Gives a file a second name, or a durable copy where the file system has no second name for it (another file system,
/// too many links, links not allowed). `to` must not exist. Errors: kNotFound, kResourceExhausted, kUnavailable.
Status LinkOrCopy(const std::filesystem::path& from, const std::filesystem::path& to);

/// A durable copy. `to` must not exist. Errors: as LinkOrCopy.
Status CopyDurably(const std::filesystem::path& from, const std::filesystem::path& to);

/// All regular files below a folder, relative to it, in order of their names. A folder that is not there has none.
/// Errors: kUnavailable.
Result<std::vector<std::filesystem::path>> FilesBelow(const std::filesystem::path& folder);

/// Makes a file's content, or a folder's names, durable. Errors: kUnavailable.
Status SyncPath(const std::filesystem::path& path);

}  // namespace sightline::storage
