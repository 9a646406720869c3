// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include "encoder/encoder.h"
#include "encoder/runtime/fast_model_internal.h"

namespace sightline::encoder {

/// Encoder::EncodeClips over a fast model. The frames of all requests share the batches of the vision tower; a clip is
/// pooled as soon as its last frame is there, and until then keeps the tokens of its frames.
std::vector<Result<ClipEncoding>> RunClipRequests(const FastModel& model, const ModelConfig& config,
                                                  std::span<const ClipRequest> requests, TokenFormat patch_format);

}  // namespace sightline::encoder
