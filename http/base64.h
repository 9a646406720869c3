// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sightline::http {

/// Base64 with padding (RFC 4648, section 4).
std::string EncodeBase64(std::span<const std::byte> bytes);

/// Takes both alphabets, that of URLs too, with or without padding; line breaks and spaces are skipped, as programs
/// break long texts. Absent: another character, a length that no bytes have, or bits that are lost.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace sightline::http
