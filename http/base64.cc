// SPDX-License-Identifier: BSD-3-Clause
#include "http/base64.h"

#include <array>
#include <cstdint>

namespace sightline::http {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNone = 0xFF;
constexpr uint8_t kSkipped = 0xFE;

// The value of every character.
constexpr std::array<uint8_t, 256> MakeValues() {
  std::array<uint8_t, 256> values{};
  for (uint8_t& value : values) value = kNone;
  for (size_t i = 0; i < kAlphabet.size(); ++i) values[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  values['-'] = 62;
  values['_'] = 63;
  for (const char c : {' ', '\t', '\r', '\n'}) values[static_cast<uint8_t>(c)] = kSkipped;
  return values;
}
constexpr std::array<uint8_t, 256> kValues = MakeValues();

}  // namespace

std::string EncodeBase64(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  int count = 0;
  for (const std::byte byte : bytes) {
    bits = bits << 8 | std::to_integer<uint32_t>(byte);
    for (count += 8; count >= 6; count -= 6) text.push_back(kAlphabet[bits >> (count - 6) & 63]);
  }
  if (count > 0) text.push_back(kAlphabet[bits << (6 - count) & 63]);
  while (text.size() % 4 != 0) text.push_back('=');
  return text;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  int count = 0;
  size_t characters = 0;
  size_t padding = 0;
  for (const char c : text) {
    const uint8_t value = kValues[static_cast<uint8_t>(c)];
    if (value == kSkipped) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    if (value == kNone || padding > 0) return std::nullopt;
    ++characters;
    bits = bits << 6 | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  const bool lost_bits = (bits & ((1U << count) - 1)) != 0;
  const bool right_padding = padding == 0 || (padding <= 2 && (characters + padding) % 4 == 0);
  if (characters % 4 == 1 || lost_bits || !right_padding) return std::nullopt;
  return bytes;
}

}  // namespace sightline::http
