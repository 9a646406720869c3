// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "storage/collection.h"

namespace sightline::bench {

/// Ends the program when a call failed.
template <typename T>
T Must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// A new collection of raw vectors.
inline std::unique_ptr<storage::Collection> MakeCollection(const std::filesystem::path& folder, size_t dim,
                                                           const storage::IndexOptions& options) {
  return Must(storage::Collection::Create(folder,
                                          {.model_name = "none",
                                           .model_fingerprint = "",
                                           .dim = static_cast<uint32_t>(dim),
                                           .patch_storage = storage::PatchStorage::kNone},
                                          options));
}

/// Commits `vectors`, each a unit and an item of its own with an integer `group`, which is `first` + row modulo
/// `groups`. A new collection gives ids in order: with `first` rows before, row i is unit first + i + 1.
inline void AddVectors(storage::Collection& collection, const std::vector<float>& vectors, size_t first,
                       size_t groups = 100) {
  constexpr size_t kBatch = 2000;
  const size_t dim = collection.config().dim;
  const size_t rows = vectors.size() / dim;
  for (size_t begin = 0; begin < rows; begin += kBatch) {
    const size_t count = std::min(kBatch, rows - begin);
    const auto ids = Must(collection.AllocateIds(count, count));
    storage::WriteSet changes;
    for (size_t i = 0; i < count; ++i) {
      const size_t row = begin + i;
      storage::ItemRecord item;
      item.id = {ids.first_item.value + i};
      item.paths = {{fmt::format("/generated/{}", first + row), 1, 1}};
      item.metadata["group"] = {static_cast<int64_t>((first + row) % groups)};
      item.units = {{ids.first_unit.value + i}};
      storage::NewUnit unit;
      unit.record.id = item.units[0];
      unit.record.item = item.id;
      const auto values = vectors.begin() + static_cast<std::ptrdiff_t>(row * dim);
      unit.record.vectors = {{std::nullopt, Embedding(values, values + static_cast<std::ptrdiff_t>(dim))}};
      changes.put_items.push_back(std::move(item));
      changes.put_units.push_back(std::move(unit));
    }
    Must(collection.Commit(changes));
  }
}

}  // namespace sightline::bench
