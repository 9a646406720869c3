// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/path_shard.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/sha256.h"

namespace sightline::indexer {
namespace {

constexpr uint32_t kMaxCount = 100'000;

std::optional<uint32_t> ParseNumber(std::string_view text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

bool Contains(const PathShard& shard, std::string_view path) {
  if (shard.count == 1) return true;
  Sha256 sha;
  sha.Update(path);
  const Sha256Digest digest = sha.Finish();
  uint64_t number = 0;
  for (size_t i = 8; i > 0; --i) number = number << 8 | digest[i - 1];
  return number % shard.count + 1 == shard.index;
}

Result<PathShard> ParsePathShard(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto index = ParseNumber(text.substr(0, slash));
    const auto count = ParseNumber(text.substr(slash + 1));
    if (index && count && *index >= 1 && *index <= *count && *count <= kMaxCount) return PathShard{*index, *count};
  }
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("\"{}\" is no shard: 1/4 is the first of four, 4/4 the last", text));
}

}  // namespace sightline::indexer
