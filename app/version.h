// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace sightline::app {

/// The commit that was built, "unknown" outside a repository. Defined in a source file that the build writes.
extern const char* const kGitCommit;

/// "0.1.0 (commit 1a2b3c4d5e6f)".
std::string BuildVersion();

/// "sightline 0.1.0 (commit 1a2b3c4d5e6f)", LibTorch's version and the device that it would use.
std::string VersionText();

}  // namespace sightline::app
