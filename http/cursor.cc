// SPDX-License-Identifier: BSD-3-Clause
#include "http/cursor.h"

#include <array>
#include <charconv>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

#include "base/sha256.h"

namespace sightline::http {
namespace {

// In front of every cursor, so that a later form can tell them apart.
constexpr std::string_view kVersion = "c2-";
constexpr size_t kNumbers = 5;

}  // namespace

std::string ToText(const Cursor& cursor) {
  return fmt::format("{}{:x}-{:x}-{:x}-{:x}-{:x}", kVersion, cursor.epoch.value, cursor.offset, cursor.rerank_depth,
                     cursor.read_depth, cursor.query);
}

std::optional<Cursor> ParseCursor(std::string_view text) {
  if (!text.starts_with(kVersion)) return std::nullopt;
  text.remove_prefix(kVersion.size());
  std::array<uint64_t, kNumbers> numbers{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (size_t i = 0; i < kNumbers; ++i) {
    if (i > 0 && (at == end || *at++ != '-')) return std::nullopt;
    const auto [parsed_to, error] = std::from_chars(at, end, numbers[i], 16);
    if (error != std::errc()) return std::nullopt;
    at = parsed_to;
  }
  if (at != end) return std::nullopt;
  return Cursor{.epoch = Epoch{numbers[0]},
                .offset = numbers[1],
                .rerank_depth = numbers[2],
                .read_depth = numbers[3],
                .query = numbers[4]};
}

uint64_t DigestOfQuery(std::string_view canonical) {
  Sha256 sha;
  sha.Update(canonical);
  const Sha256Digest hash = sha.Finish();
  uint64_t digest = 0;
  std::memcpy(&digest, hash.data(), sizeof(digest));
  return digest;
}

}  // namespace sightline::http
