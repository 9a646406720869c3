// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include "base/result.h"
#include "encoder/model_config.h"

namespace sightline::encoder {

/// The sizes of the published models (x2vlm-spec sections 1 and 5.1).
enum class ModelSize { kBase, kLarge };
/// Standard: BERT fuses in its last layers. Plus (CCLM): XLM-R, and a cross encoder of its own.
enum class ModelVariant { kStandard, kPlus };

/// What the weights of a published model do not say, at 224 px.
ModelConfig PresetConfig(ModelSize size, ModelVariant variant);

/// Reads the sizes of a model that is no published one from a `dims.json`:
///   image_res, patch_size, vision_width, vision_depth, vision_heads, vision_mlp, vision_layer_norm_eps,
///   text_width, text_heads, text_mlp, text_num_hidden_layers, text_fusion_start_at (standard variant only),
///   text_layer_norm_eps, vocab_size, max_positions, type_vocab_size, pad_id, embed_dim, mlp_head_layer_norm_eps;
///   cross_num_hidden_layers, cross_layer_norm_eps (Plus variant only);
/// and optionally frame_len, add_frame_pos, video_encoding ("avgpool"), text_encoder ("bert" or "xlm-r"), note, and
/// `plus`, an object whose keys replace the others in the Plus variant. A null value means absent. max_tokens becomes
/// 40, or less when there are fewer positions.
/// Errors: kCorruption (not JSON), kInvalidArgument (a key is missing, unknown or out of range; sizes of the other
/// variant).
Result<ModelConfig> ParseDims(std::string_view json, ModelVariant variant);

}  // namespace sightline::encoder
