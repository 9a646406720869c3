// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace sightline::encoder {

/// Errors: kInvalidArgument, with the byte offset of the first ill-formed sequence. Overlong forms, surrogates and code
/// points beyond U+10FFFF are ill-formed. Pure, linear.
Status CheckUtf8(std::string_view text);

/// Takes one code point from valid UTF-8 at `offset` and moves `offset` behind it.
char32_t NextCodePoint(std::string_view text, size_t& offset);

/// Whitespace as Python's `str.isspace`, `str.split()` and `\s` understand it: bidirectional class WS, B or S, or
/// general category Zs. Wider than Unicode's White_Space property by U+001C to U+001F.
bool IsWhitespace(char32_t code_point);

}  // namespace sightline::encoder
