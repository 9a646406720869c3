// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/token_matrix.h"
#include "base/types.h"
#include "encoder/encoder.h"

/// Words and pictures that belong to no collection, as a service embeds them for others.
namespace sightline::query {

/// Words, or a picture as model pixels (encoder::ResizeToModelPixels), which are small however large it was.
using Content = std::variant<std::string, ImageRgb8>;

struct EncodedContent {
  bool is_words = false;
  Embedding embedding;     ///< Unit length.
  TokenMatrix tokens;      ///< Token states of words, patches of a picture.
  size_t text_tokens = 0;  ///< What the model read of words; 0 for a picture.
};

/// One result per content, in order. The encoder is called for a few contents at a time, so that searches come in
/// between, and the limits are checked before each call.
/// Per-content errors: those of Encoder::EncodeTexts and EncodeImages.
std::vector<Result<EncodedContent>> EncodeContents(std::span<const Content> contents, encoder::Encoder& encoder,
                                                   const Limits& limits);

}  // namespace sightline::query
