// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/filter.h"
#include "base/limits.h"
#include "base/result.h"
#include "storage/filter_plan.h"
#include "storage/item_set_internal.h"
#include "storage/record_db_internal.h"

namespace sightline::storage {

/// The items of conditions that were looked up before, as they were at one epoch. The least recently used go when there
/// are too many bytes. Thread-safe.
class BoundsCache {
 public:
  explicit BoundsCache(size_t most_bytes) : most_bytes_(most_bytes) {}

  using Bounds = std::shared_ptr<const ItemBounds>;

  /// Null when it is not known, or of another epoch.
  Bounds Find(const std::string& key, Epoch epoch);
  void Put(const std::string& key, Epoch epoch, Bounds bounds);
  void Clear();

 private:
  struct Entry {
    std::string key;
    Epoch epoch;
    Bounds bounds;
    size_t bytes = 0;
  };
  void Erase(std::list<Entry>::iterator entry);

  const size_t most_bytes_;
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< The most recently used first.
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  size_t bytes_ = 0;
};

/// The planner over the family `terms`. See Note [Plans].
class TermIndex {
 public:
  /// `db` must outlive it.
  TermIndex(const RecordDb& db, size_t cache_bytes) : db_(db), cache_(cache_bytes) {}

  /// As FilterPlanner::Plan.
  Result<FilterPlan> Plan(const Filter& filter, const Limits& limits) const;

  /// While terms are made again, plans do without them.
  void SetUsable(bool usable);

 private:
  const RecordDb& db_;
  mutable BoundsCache cache_;
  std::atomic<bool> usable_{true};
};

/// Gives the terms of the family `terms` to every item that has none yet: those of a collection that was made without
/// them, or of which they were thrown away. Goes on where an earlier call was interrupted; cheap when there is nothing
/// to do. No commits meanwhile. Errors: read and write errors.
Status FillTerms(RecordDb& db, bool sync);

/// Throws all terms away and makes them again. No commits meanwhile.
Status RebuildTerms(RecordDb& db, bool sync);

/// The value of the key `terms` of `meta` that says that every item has its terms.
std::string AllTermsFilled();

}  // namespace sightline::storage
