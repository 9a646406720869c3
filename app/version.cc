// SPDX-License-Identifier: BSD-3-Clause
#include "app/version.h"

#include <fmt/format.h>

#include "encoder/encoder.h"

namespace sightline::app {

std::string VersionText() {
  return fmt::format("sightline {} (commit {})\nLibTorch {}, device {}", SIGHTLINE_VERSION, kGitCommit,
                     encoder::TorchVersion(), encoder::DefaultDeviceName());
}

}  // namespace sightline::app
