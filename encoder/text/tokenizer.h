// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::encoder {

struct TokenIds {
  std::vector<int64_t> ids;  ///< With the start and end tokens, without padding. The index type of the model's input.
  bool truncated = false;    ///< Pieces beyond the limit were dropped.
};

/// Turns text into the ids that a text encoder reads. Immutable, thread-safe.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// @param text        what CleanCaption returned; any valid UTF-8 works. User text never becomes a special token.
  /// @param max_tokens  limit of ids, the start and end tokens included.
  /// @return start token, pieces, end token: 2 to max_tokens ids; exactly 2 when the text has no visible character.
  /// Errors: kInvalidArgument (not valid UTF-8; max_tokens < 2).
  /// Stops at the limit, so that a very long text costs little.
  virtual Result<TokenIds> Tokenize(std::string_view text, int max_tokens) const = 0;

  virtual int64_t pad_id() const = 0;
};

}  // namespace sightline::encoder
