// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace sightline::app {

/// The model directory: `chosen`, or when that is empty sightline-small beside the program: in
/// ../share/sightline/models of an installation, in models/ of the source tree around a build.
/// Errors: kNotFound (the default model is in neither place).
Result<std::filesystem::path> FindModelDir(const std::string& chosen);

}  // namespace sightline::app
