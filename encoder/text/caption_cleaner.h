// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sightline::encoder {

struct CleanedCaption {
  std::string text;        ///< UTF-8, never empty.
  bool truncated = false;  ///< Words beyond the limit were dropped.
};

/// Brings a caption or a query into the form that the model was trained on (x2vlm-spec section 8.2): lower case, most
/// punctuation to spaces, runs of whitespace to one space, the first `max_words` space-separated words.
/// A text of one lone tab or newline stays as it is, as in the reference.
/// Errors: kInvalidArgument (not valid UTF-8; nothing left after cleaning; max_words < 1).
/// Pure and thread-safe; linear in the text.
Result<CleanedCaption> CleanCaption(std::string_view raw, int max_words);

}  // namespace sightline::encoder
