// SPDX-License-Identifier: BSD-3-Clause
#include "tests/storage/sample_records.h"

#include <cmath>
#include <cstring>

#include "base/check.h"

namespace sightline::testing {

using storage::NewUnit;
using storage::PatchStorage;

Embedding RandomEmbedding(uint32_t dim, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  Embedding embedding(dim);
  double squares = 0;
  for (float& x : embedding) {
    x = normal(random);
    squares += static_cast<double>(x) * x;
  }
  for (float& x : embedding) x = static_cast<float>(x / std::sqrt(squares));
  return embedding;
}

TokenMatrix RandomTokens(uint32_t tokens, uint32_t width, PatchStorage storage, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(tokens) * width);
  for (float& x : values) x = normal(random);
  return MakeTokenMatrix(values, tokens, width,
                         storage == PatchStorage::kFp16 ? TokenFormat::kFp16 : TokenFormat::kInt8);
}

Sample MakeSample(storage::Collection& collection, const std::string& path, uint64_t seed, size_t vectors) {
  const auto ids = collection.AllocateIds(1, 1);
  SL_CHECK(ids.has_value());
  const auto& config = collection.config();
  Sample sample;
  sample.item = {.id = ids->first_item,
                 .paths = {{path, 1000 + seed, static_cast<int64_t>(seed) * 1'000'000'007}},
                 .hash = {},
                 .width = 640,
                 .height = 480,
                 .added_at = 1'700'000'000,
                 .metadata = {{"seed", {static_cast<int64_t>(seed)}}, {"parity", {seed % 2 == 0 ? "even" : "odd"}}},
                 .units = {ids->first_unit}};
  std::memcpy(sample.item.hash.data(), &seed, sizeof(seed));
  sample.item.hash[15] = 1;
  NewUnit unit;
  unit.record = {.id = ids->first_unit,
                 .item = ids->first_item,
                 .type = vectors == 1 ? UnitType::kImage : UnitType::kClip,
                 .range = {},
                 .vectors = {}};
  if (vectors > 1) unit.record.range = TimeRange{0, 4'000'000};
  for (size_t v = 0; v < vectors; ++v) {
    storage::UnitVector vector{std::nullopt, RandomEmbedding(config.dim, seed * 100 + v)};
    if (v > 0) vector.frame_time_us = static_cast<int64_t>(v) * 500'000;
    unit.record.vectors.push_back(std::move(vector));
  }
  if (config.patch_storage != PatchStorage::kNone) unit.tokens = RandomTokens(5, 12, config.patch_storage, seed);
  unit.thumbnail.assign(20 + seed % 50, static_cast<std::byte>(seed));
  sample.units.push_back(std::move(unit));
  return sample;
}

storage::WriteSet Put(const std::vector<Sample>& samples) {
  storage::WriteSet changes;
  for (const Sample& sample : samples) {
    changes.put_items.push_back(sample.item);
    changes.put_units.insert(changes.put_units.end(), sample.units.begin(), sample.units.end());
  }
  return changes;
}

}  // namespace sightline::testing
