// SPDX-License-Identifier: BSD-3-Clause
#include "app/version.h"

#include <fmt/format.h>

#include "encoder/encoder.h"

namespace sightline::app {

std::string BuildVersion() { return fmt::format("{} (commit {})", SIGHTLINE_VERSION, kGitCommit); }

std::string VersionText() {
  return fmt::format("sightline {}\nLibTorch {}, device {}", BuildVersion(), encoder::TorchVersion(),
                     encoder::DefaultDeviceName());
}

}  // namespace sightline::app
