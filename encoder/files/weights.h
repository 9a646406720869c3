// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "encoder/files/safetensors.h"
#include "encoder/files/tensor_view.h"
#include "encoder/model_config.h"

namespace sightline::encoder {

/// Name and shape of one weight of the retrieval model.
struct WeightSpec {
  std::string name;
  Shape shape;
};

/// Name to shape of tensors that somebody offers as weights.
using ShapeTable = std::map<std::string, Shape, std::less<>>;

/// All weights of a retrieval model of this form, with the names and shapes of x2vlm-spec sections 2.5, 4.5, 5, 6 and 7
/// (absolute_frame_pos_embed), and `vision_encoder.pos_embed` (1, N+1, D) with absolute positions. Buffers that are
/// computed (`relative_position_index`, `position_ids`) are no weights.
/// @param config  as ParseModelConfig accepts it.
/// Errors: kUnsupported (a vision tower other than BEiT-2).
Result<std::vector<WeightSpec>> ExpectedWeights(const ModelConfig& config);

/// Number of parameters in `weights`: x2vlm-spec section 1, 253,158,467 for the base model at 384 px.
uint64_t ParameterCount(std::span<const WeightSpec> weights);

/// May a checkpoint hold this tensor although a retrieval model of this form has no such weight (x2vlm-spec section
/// 12.5)? Computed buffers, the heads of other tasks, the frame embedding of a model that does not use it.
bool IsIgnorableExtra(const ModelConfig& config, std::string_view name);

/// Compares what is offered with what the model needs.
/// Errors: kInvalidArgument: a weight is missing, has another shape, or is neither expected nor ignorable; the message
/// names the first one and says how many there are. kUnsupported as ExpectedWeights.
Status CheckWeights(const ModelConfig& config, const ShapeTable& offered);

/// As above for a weights file: also each weight is floating-point, or I8 with its `<name>.scale`.
Status CheckWeightsFile(const ModelConfig& config, const SafetensorsFile& file);

}  // namespace sightline::encoder
