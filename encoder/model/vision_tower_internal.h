// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include "encoder/model/layers_internal.h"
#include "encoder/model/weights_internal.h"
#include "encoder/model_config.h"

namespace sightline::encoder {

/// The BEiT-2 tower (x2vlm-spec section 2), with absolute positions where the configuration has them.
/// @param images  (B, 3, image_res, image_res), normalised.
/// @param scope   "vision_encoder.".
/// @return (B, N+1, D); token 0 is the mean of the normalised patch tokens.
at::Tensor RunVisionTower(const at::Tensor& images, const VisionConfig& config, const WeightScope& scope,
                          const LayerObserver& observer);

}  // namespace sightline::encoder
