// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "encoder/model_config.h"

namespace sightline::encoder {

/// Note [Model fingerprint]
/// A collection stores the fingerprint of the model that filled it and refuses another one. It is the hex SHA-256 of:
/// the bytes of `weights.safetensors`, the bytes of the tokenizer file, and CanonicalText of the configuration, each
/// behind its length. Not covered: the calibration, which only maps finished scores, and names. Weights that are stored
/// differently (F16 instead of F32) are another model.
/// @return 64 hexadecimal digits. CPU-bound, about 0.1 s per 100 MB.
std::string ModelFingerprint(const ModelConfig& config, std::span<const std::byte> weights_file,
                             std::string_view tokenizer_bytes);

/// Every value of the configuration that changes what the model makes of a picture or text, one `key=value` per line:
/// all but `name` and the tokenizer's file name. Fingerprints on disk depend on it: a value that is added to the
/// configuration is added here only when it differs from what older versions did.
std::string CanonicalText(const ModelConfig& config);

}  // namespace sightline::encoder
