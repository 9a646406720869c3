// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/collection.h"
#include "tests/indexer/index_fixture.h"
#include "tests/support/memory_collection.h"
#include "tests/support/test_support.h"

namespace sightline::testing {

inline constexpr uint32_t kTransferDim = 4;

inline storage::CollectionConfig TransferConfig(const std::string& fingerprint,
                                                storage::PatchStorage patches = storage::PatchStorage::kInt8) {
  return {.model_name = "model " + fingerprint,
          .model_fingerprint = fingerprint,
          .dim = kTransferDim,
          .patch_storage = patches};
}

inline std::unique_ptr<MemoryCollection> MakeCollection(const storage::CollectionConfig& config) {
  auto made = MemoryCollection::Create(config);
  EXPECT_THAT(made, IsOk());
  return made ? *std::move(made) : nullptr;
}

/// A unit vector that `seed` decides.
inline Embedding VectorOf(uint64_t seed) {
  const auto x = static_cast<float>(std::cos(static_cast<double>(seed)));
  return {x, std::sqrt(1 - x * x), 0, 0};
}

/// What a test says about an item; the rest follows from it.
struct Brought {
  std::string path;
  uint8_t content = 0;  ///< Decides the hash, and the vectors of its units.
  int64_t changed_ns = 1000;
  size_t clips = 0;          ///< 0: a picture.
  size_t clips_planned = 0;  ///< 0: as many as there are.
  Metadata metadata{};
};

inline storage::NewUnit UnitOf(const Brought& what, size_t index, bool with_tokens) {
  storage::NewUnit unit;
  const uint64_t seed = what.content * 100 + index;
  unit.record.vectors.push_back({std::nullopt, VectorOf(seed)});
  if (what.clips > 0) {
    const auto start = static_cast<int64_t>(index) * 1'000'000;
    unit.record.type = UnitType::kClip;
    unit.record.range = TimeRange{start, start + 1'000'000};
    unit.record.vectors.push_back({start + 250'000, VectorOf(seed + 50)});
  }
  const std::vector<float> tokens = {1, -1, static_cast<float>(what.content), 2};
  if (with_tokens) unit.tokens = MakeTokenMatrix(tokens, 2, 2, TokenFormat::kInt8);
  unit.thumbnail = {std::byte{0xFF}, std::byte{what.content}};
  return unit;
}

/// Commits an item. Returns it as it is stored.
inline storage::ItemRecord Put(storage::Collection& collection, const Brought& what) {
  const size_t units = std::max<size_t>(1, what.clips);
  const auto ids = collection.AllocateIds(1, units);
  EXPECT_THAT(ids, IsOk());
  storage::WriteSet changes;
  storage::ItemRecord item;
  item.id = ids->first_item;
  const size_t planned = what.clips_planned == 0 ? what.clips : what.clips_planned;
  item.paths.push_back({what.path, 77, what.clips < planned ? 0 : what.changed_ns});
  item.hash.fill(what.content);
  item.width = 640;
  item.height = 480;
  item.added_at = 1'700'000'000;
  item.metadata = what.metadata;
  if (planned > 0) {
    item.metadata[std::string(metadata_key::kClipsPlanned)] = {static_cast<int64_t>(planned)};
  }
  const bool with_tokens = collection.config().patch_storage == storage::PatchStorage::kInt8;
  for (size_t i = 0; i < units; ++i) {
    storage::NewUnit unit = UnitOf(what, i, with_tokens);
    unit.record.id.value = ids->first_unit.value + i;
    unit.record.item = item.id;
    item.units.push_back(unit.record.id);
    changes.put_units.push_back(std::move(unit));
  }
  changes.put_items.push_back(item);
  EXPECT_THAT(collection.Commit(changes), IsOk());
  return item;
}

/// An item without its ids, its units without theirs.
struct WholeItem {
  storage::ItemRecord record;
  std::vector<storage::UnitRecord> units;
  std::vector<std::optional<TokenMatrix>> tokens;
  std::vector<std::optional<std::vector<std::byte>>> thumbnails;

  friend bool operator==(const WholeItem&, const WholeItem&) = default;
};

inline WholeItem WholeItemAt(const storage::Collection& collection, const std::string& path) {
  WholeItem whole;
  whole.record = ItemAt(collection, path);
  const auto& records = collection.records();
  auto units = *records.GetUnits(whole.record.units);
  for (auto& unit : units) {
    EXPECT_EQ(unit->item, whole.record.id);
    unit->id = {};
    unit->item = {};
    whole.units.push_back(*std::move(unit));
  }
  whole.tokens = *records.GetTokens(whole.record.units);
  whole.thumbnails = *records.GetThumbnails(whole.record.units);
  whole.record.id = {};
  whole.record.units.clear();
  return whole;
}

}  // namespace sightline::testing
