// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "base/result.h"

namespace sightline::app {

/// Whether a file can be written there, as far as that is known before it is: for commands that work for a long time
/// first. An empty path is no file and fine. Errors: kNotFound (no such folder), kInvalidArgument (it is a folder
/// itself), those of access(2) to the folder.
Status CheckOutputFile(const std::filesystem::path& file);

}  // namespace sightline::app
