// SPDX-License-Identifier: BSD-3-Clause
#include "base/utf8.h"

#include <cstddef>
#include <cstdint>

namespace sightline {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Sequence {
  size_t length = 0;  // 0: not the start of a sequence.
  uint32_t smallest = 0;
  uint32_t bits = 0;
};

Sequence SequenceOf(unsigned char lead) {
  if (lead < 0x80) return {1, 0, lead};
  if (lead >= 0xC2 && lead < 0xE0) return {2, 0x80, lead & 0x1FU};
  if (lead >= 0xE0 && lead < 0xF0) return {3, 0x800, lead & 0x0FU};
  if (lead >= 0xF0 && lead < 0xF5) return {4, 0x10000, lead & 0x07U};
  return {};
}

// Length of the valid sequence at the start of `bytes`, or 0.
size_t ValidLength(std::string_view bytes) {
  const Sequence sequence = SequenceOf(static_cast<unsigned char>(bytes[0]));
  if (sequence.length == 0 || sequence.length > bytes.size()) return 0;
  uint32_t code = sequence.bits;
  for (size_t i = 1; i < sequence.length; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if ((byte & 0xC0) != 0x80) return 0;
    code = (code << 6) | (byte & 0x3FU);
  }
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  return code < sequence.smallest || is_surrogate || code > 0x10FFFF ? 0 : sequence.length;
}

}  // namespace

std::string ValidUtf8(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const size_t length = ValidLength(bytes);
    out += length == 0 ? kReplacement : bytes.substr(0, length);
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

bool IsValidUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t length = ValidLength(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace sightline
