// SPDX-License-Identifier: BSD-3-Clause
#include "app/removal.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "app/item_kind.h"
#include "app/text.h"

namespace sightline::app {
namespace {

// So many share one sync. The words of a commit stay far below a megabyte.
constexpr size_t kRemovalsPerCommit = 1000;

}  // namespace

Removal PlanRemoval(storage::ItemRecord item, const std::function<bool(const std::string&)>& goes) {
  Removal removal;
  removal.item = item.id;
  removal.what = DescribeItem(item);
  std::vector<storage::ItemPath> remaining;
  for (const storage::ItemPath& path : item.paths) {
    if (goes(path.path)) {
      removal.removed_paths.push_back(path.path);
    } else {
      remaining.push_back(path);
    }
  }
  if (remaining.empty()) {
    removal.changes.remove_items.push_back(item.id);
    return removal;
  }
  removal.remaining_path = remaining[0].path;
  item.paths = std::move(remaining);
  removal.changes.put_items.push_back(std::move(item));
  return removal;
}

Status Remover::Add(Removal removal) {
  ++count_;
  pending_items_.insert(removal.item);
  pending_.push_back(std::move(removal));
  return pending_.size() < kRemovalsPerCommit ? Status() : Flush();
}

// What is left of items that keep a path is taken from what is stored now: they may have changed since they were
// planned.
Status Remover::Commit() {
  const std::lock_guard lock(collection_.change_mutex());
  storage::WriteSet together;
  for (const Removal& removal : pending_) {
    for (const ItemId id : removal.changes.remove_items) together.remove_items.push_back(id);
    if (removal.changes.put_items.empty()) continue;
    SL_ASSIGN_OR_RETURN(auto stored, collection_.records().GetItems(std::span(&removal.item, 1)));
    if (!stored[0]) continue;
    storage::WriteSet now = PlanRemoval(*std::move(stored[0]), [&](const std::string& path) {
                              const auto& gone = removal.removed_paths;
                              return std::find(gone.begin(), gone.end(), path) != gone.end();
                            }).changes;
    std::move(now.put_items.begin(), now.put_items.end(), std::back_inserter(together.put_items));
    together.remove_items.insert(together.remove_items.end(), now.remove_items.begin(), now.remove_items.end());
  }
  if (together.empty()) return {};
  SL_RETURN_IF_ERROR(collection_.Commit(together));
  return {};
}

Status Remover::Flush() {
  if (!options_.dry_run) SL_RETURN_IF_ERROR(Commit());
  if (!options_.dry_run && options_.on_removed) {
    for (const Removal& removal : pending_) options_.on_removed(removal.removed_paths);
  }
  for (const Removal& removal : pending_) Tell(removal);
  pending_.clear();
  pending_items_.clear();
  return {};
}

void Remover::Tell(const Removal& removal) const {
  if (options_.json) {
    boost::json::array paths;
    for (const std::string& path : removal.removed_paths) paths.emplace_back(ValidUtf8(path));
    boost::json::object object = {{"item_id", removal.item.value},
                                  {"removed_paths", std::move(paths)},
                                  {"item_removed", removal.remaining_path.empty()}};
    if (options_.dry_run) object["dry_run"] = true;
    fmt::print(options_.out, "{}\n", boost::json::serialize(object));
    return;
  }
  const char* const verb = options_.dry_run ? "would remove" : "removed";
  for (const std::string& path : removal.removed_paths) {
    if (removal.remaining_path.empty()) {
      fmt::print(options_.out, "{} item {} ({}): {}\n", verb, removal.item.value, removal.what, OneLine(path));
    } else {
      fmt::print(options_.out, "{} a path of item {}: {} (it stays as {})\n", verb, removal.item.value, OneLine(path),
                 OneLine(removal.remaining_path));
    }
  }
}

}  // namespace sightline::app
