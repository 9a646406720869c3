// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include "encoder/encoder.h"
#include "encoder/runtime/fast_model_internal.h"

namespace sightline::encoder {

/// Encoder::Match over a fast model.
std::vector<Result<std::vector<float>>> RunMatchRequests(const FastModel& model, const ModelConfig& config,
                                                         std::span<const MatchRequest> requests);

}  // namespace sightline::encoder
