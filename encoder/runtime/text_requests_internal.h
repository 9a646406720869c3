// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include "encoder/encoder.h"
#include "encoder/runtime/fast_model_internal.h"
#include "encoder/text/tokenizer.h"

namespace sightline::encoder {

/// Encoder::EncodeTexts over a fast model.
std::vector<Result<TextEncoding>> RunTextRequests(const FastModel& model, const Tokenizer& tokenizer,
                                                  const TokenizerConfig& config, std::span<const TextRequest> requests);

}  // namespace sightline::encoder
