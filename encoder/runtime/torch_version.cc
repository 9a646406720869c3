// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include <ATen/Context.h>
#include <torch/version.h>

#include "encoder/encoder.h"

namespace sightline::encoder {

std::string TorchVersion() { return TORCH_VERSION; }

std::string DefaultDeviceName() { return at::hasCUDA() ? "cuda:0" : "cpu"; }

}  // namespace sightline::encoder
