// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include "encoder/encoder.h"
#include "encoder/runtime/fast_model_internal.h"

namespace sightline::encoder {

/// Encoder::EncodeImages over a fast model.
std::vector<Result<ImageEncoding>> RunImageRequests(const FastModel& model, const ModelConfig& config,
                                                    std::span<const ImageRequest> requests, TokenFormat patch_format);

}  // namespace sightline::encoder
