// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sightline::indexer {

/// Whether the text begins as a URL does: `https://...`. No absolute path does.
bool IsUrl(std::string_view text);

/// The path of a file that an input file names, by a path, relative to `folder` unless it is absolute, or by a file://
/// URI: absolute, in whatever bytes; not looked up. Errors: kInvalidArgument (empty, another scheme, another host, a
/// percent sign without two hexadecimal digits, a zero byte).
Result<std::filesystem::path> PathFromUri(std::string_view uri);
Result<std::filesystem::path> NamedPath(const std::filesystem::path& folder, std::string_view path_or_uri);

/// As NamedPath, and with links resolved as far as it exists, so that it is spelled as the item's own path is; also for
/// `<shard>#<member>`.
Result<std::string> ItemLocation(const std::filesystem::path& folder, std::string_view path_or_uri);

/// Whether nothing is left of an item's path. Only what is certainly gone has vanished: a folder that cannot be entered
/// today proves nothing. A tar member, a caption or a vector, `<file>#<name>`, is there as long as its file is; of a
/// URL nothing is known. Blocking I/O.
bool HasVanished(const std::string& path);

}  // namespace sightline::indexer
