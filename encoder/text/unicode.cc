// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/text/unicode.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <climits>
#include <string>

namespace sightline::encoder {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"  // inside ICU's macro

Status CheckUtf8(std::string_view text) {
  if (text.size() > INT32_MAX) return Fail(ErrorCode::kInvalidArgument, "the text is longer than 2 GiB");
  const auto length = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < length;) {
    const int32_t start = i;
    UChar32 code_point = 0;
    U8_NEXT(text.data(), i, length, code_point);
    if (code_point < 0) {
      return Fail(ErrorCode::kInvalidArgument, "the text is not valid UTF-8 (at byte " + std::to_string(start) + ")");
    }
  }
  return {};
}

#pragma GCC diagnostic pop

char32_t NextCodePoint(std::string_view text, size_t& offset) {
  UChar32 code_point = 0;
  U8_NEXT_UNSAFE(text.data(), offset, code_point);
  return static_cast<char32_t>(code_point);
}

bool IsWhitespace(char32_t code_point) {
  const auto c = static_cast<UChar32>(code_point);
  if (u_charType(c) == U_SPACE_SEPARATOR) return true;
  const UCharDirection direction = u_charDirection(c);
  return direction == U_WHITE_SPACE_NEUTRAL || direction == U_BLOCK_SEPARATOR || direction == U_SEGMENT_SEPARATOR;
}

}  // namespace sightline::encoder
