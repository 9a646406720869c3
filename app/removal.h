// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>
#include <functional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "storage/collection.h"

namespace sightline::app {

/// What a removal changes of one item, and what is told once it is done.
struct Removal {
  storage::WriteSet changes;
  ItemId item;
  std::string what;  ///< What kind of item, for people.
  std::vector<std::string> removed_paths;
  std::string remaining_path;  ///< Empty when the item is gone.
};

/// Takes the paths that `goes` names from the item; the item goes when none of them stays.
Removal PlanRemoval(storage::ItemRecord item, const std::function<bool(const std::string&)>& goes);

/// Commits removals, many at a time, and tells of each once it is durable: what was told stays removed, whatever ends
/// the run. Confined to one thread.
class Remover {
 public:
  struct Options {
    bool dry_run = false;  ///< Nothing is committed; what would be removed is told.
    bool json = false;
    std::FILE* out = stdout;  ///< Where it tells what it did.
    /// Called with the paths that no item has any more, once that is durable; may be empty.
    std::function<void(std::span<const std::string> paths)> on_removed{};
  };

  /// The collection must outlive it.
  Remover(storage::Collection& collection, const Options& options) : collection_(collection), options_(options) {}

  /// Adds one; commits when there are enough. Errors: those of Collection::Commit.
  Status Add(Removal removal);

  /// Whether a removal of this item waits for its commit, so that the item is not as it is stored.
  bool IsPending(ItemId item) const { return pending_items_.contains(item); }

  /// Commits what waits. Errors: those of Collection::Commit.
  Status Flush();

  size_t count() const { return count_; }  ///< Of all that were added.

 private:
  Status Commit();
  void Tell(const Removal& removal) const;

  storage::Collection& collection_;
  const Options options_;
  std::vector<Removal> pending_;
  std::unordered_set<ItemId> pending_items_;
  size_t count_ = 0;
};

}  // namespace sightline::app
