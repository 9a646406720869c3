// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/item_metadata.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

namespace sightline::indexer {
namespace {

template <typename T>
void HashNumber(Sha256& sha, const T& number) {
  static_assert(std::is_arithmetic_v<T>);
  sha.Update(std::as_bytes(std::span(&number, 1)));
}

void HashText(Sha256& sha, std::string_view text) {
  HashNumber(sha, static_cast<uint64_t>(text.size()));
  sha.Update(text);
}

void HashValue(Sha256& sha, const MetadataValue& value) {
  HashNumber(sha, static_cast<uint8_t>(value.index()));
  std::visit(
      [&sha](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::string>) {
          HashText(sha, held);
        } else if constexpr (std::is_same_v<Held, Timestamp>) {
          HashNumber(sha, held.seconds);
        } else {
          HashNumber(sha, held);
        }
      },
      value);
}

Metadata Filtered(const Metadata& stored, bool content_keys) {
  Metadata out;
  for (const auto& [key, values] : stored) {
    if (IsContentKey(key) == content_keys) out.emplace(key, values);
  }
  return out;
}

}  // namespace

bool IsContentKey(std::string_view key) {
  constexpr std::array kKeys = {metadata_key::kTakenAt, metadata_key::kCamera, metadata_key::kLatitude,
                                metadata_key::kLongitude, metadata_key::kDuration};
  return key.starts_with("sightline.") || std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

size_t ClipsPlanned(const storage::ItemRecord& item) {
  const auto it = item.metadata.find(metadata_key::kClipsPlanned);
  if (it == item.metadata.end() || it->second.empty()) return 0;
  const auto* const clips = std::get_if<int64_t>(&it->second[0]);
  return clips != nullptr && *clips > 0 ? static_cast<size_t>(*clips) : 0;
}

bool IsComplete(const storage::ItemRecord& item) { return item.units.size() >= ClipsPlanned(item); }

Metadata WithoutContentKeys(const Metadata& stored) { return Filtered(stored, false); }

Metadata ContentKeysOf(const Metadata& stored) { return Filtered(stored, true); }

Metadata Overlay(Metadata below, const Metadata& above) {
  for (const auto& [key, values] : above) below.insert_or_assign(key, values);
  return below;
}

void HashMetadata(Sha256& sha, const Metadata& metadata) {
  HashNumber(sha, static_cast<uint64_t>(metadata.size()));
  for (const auto& [key, values] : metadata) {
    HashText(sha, key);
    HashNumber(sha, static_cast<uint64_t>(values.size()));
    for (const MetadataValue& value : values) HashValue(sha, value);
  }
}

}  // namespace sightline::indexer
