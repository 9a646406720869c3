// SPDX-License-Identifier: BSD-3-Clause
#include "http/cursor.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <iterator>
#include <system_error>

#include <fmt/format.h>

#include "base/sha256.h"

namespace sightline::http {
namespace {

// In front of every cursor, so that a later form can tell them apart.
constexpr std::string_view kVersion = "c3-";
constexpr size_t kFirstOfLast = 5;
constexpr size_t kReranked = kFirstOfLast + std::tuple_size_v<decltype(Cursor::last)>;
constexpr size_t kScore = kReranked + 1;
constexpr size_t kNumbers = kScore + 1;

}  // namespace

std::string ToText(const Cursor& cursor) {
  std::string text = fmt::format("{}{:x}-{:x}-{:x}-{:x}-{:x}", kVersion, cursor.epoch.value, cursor.offset,
                                 cursor.rerank_depth, cursor.read_depth, cursor.query);
  for (const uint64_t unit : cursor.last) fmt::format_to(std::back_inserter(text), "-{:x}", unit);
  fmt::format_to(std::back_inserter(text), "-{:d}-{:x}", cursor.reranked, std::bit_cast<uint64_t>(cursor.score));
  return text;
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
  Cursor cursor = {.epoch = Epoch{numbers[0]},
                   .offset = numbers[1],
                   .rerank_depth = numbers[2],
                   .read_depth = numbers[3],
                   .query = numbers[4]};
  std::copy_n(numbers.begin() + kFirstOfLast, cursor.last.size(), cursor.last.begin());
  cursor.reranked = numbers[kReranked] != 0;
  cursor.score = std::bit_cast<double>(numbers[kScore]);
  return cursor;
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
