// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/commands.h"
#include "app/item_kind.h"
#include "app/item_reference.h"
#include "app/open.h"
#include "app/text.h"
#include "indexer/location.h"
#include "query/filter_parser.h"

namespace sightline::app {
namespace {

struct RemoveFlags {
  std::string collection;
  std::vector<std::string> items;
  bool missing = false;
  std::string filter;  // JSON; empty: none.
  bool dry_run = false;
  bool json = false;
};

Result<std::optional<storage::ItemRecord>> ReadItem(const storage::RecordStore& records, ItemId id) {
  SL_ASSIGN_OR_RETURN(auto items, records.GetItems(std::span(&id, 1)));
  return std::move(items[0]);
}

// What a removal changes, and what is told once it is done.
struct Removal {
  storage::WriteSet changes;
  ItemId item;
  std::string what;  // What kind of item, for people.
  std::vector<std::string> removed_paths;
  std::string remaining_path;  // Empty when the item is gone.
};

// The item goes when none of its paths stays.
Removal RemovePaths(storage::ItemRecord item, const std::function<bool(const std::string&)>& goes) {
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

// An item goes as a whole when it is named by id. Named by a path, it keeps the other places where its content lies.
Removal PlanRemoval(storage::ItemRecord item, const std::string& reference) {
  const std::vector<std::string> spellings = SpellingsOf(reference);
  const bool by_id = ParseItemId(reference).has_value();
  return RemovePaths(std::move(item), [&](const std::string& path) {
    return by_id || std::find(spellings.begin(), spellings.end(), path) != spellings.end();
  });
}

void Tell(const Removal& removal, const RemoveFlags& flags) {
  if (flags.json) {
    boost::json::array paths;
    for (const std::string& path : removal.removed_paths) paths.emplace_back(ValidUtf8(path));
    boost::json::object object = {{"item_id", removal.item.value},
                                  {"removed_paths", std::move(paths)},
                                  {"item_removed", removal.remaining_path.empty()}};
    if (flags.dry_run) object["dry_run"] = true;
    fmt::print("{}\n", boost::json::serialize(object));
    return;
  }
  const char* const verb = flags.dry_run ? "would remove" : "removed";
  for (const std::string& path : removal.removed_paths) {
    if (removal.remaining_path.empty()) {
      fmt::print("{} item {} ({}): {}\n", verb, removal.item.value, removal.what, OneLine(path));
    } else {
      fmt::print("{} a path of item {}: {} (it stays as {})\n", verb, removal.item.value, OneLine(path),
                 OneLine(removal.remaining_path));
    }
  }
}

// Commits `removals` and empties them.
Status CommitAndTell(storage::Collection& collection, std::vector<Removal>& removals, const RemoveFlags& flags) {
  storage::WriteSet together;
  for (Removal& removal : removals) {
    for (auto& item : removal.changes.put_items) together.put_items.push_back(std::move(item));
    for (const ItemId id : removal.changes.remove_items) together.remove_items.push_back(id);
  }
  if (!flags.dry_run) {
    SL_RETURN_IF_ERROR(collection.Commit(together));
  }
  for (const Removal& removal : removals) Tell(removal, flags);
  removals.clear();
  return {};
}

using GoingPaths = std::function<bool(const std::string&)>;

// Removes the paths that go, and items of which none stays. `goes_of` gives for an item which of its paths go. Returns
// how many items that changed.
Result<size_t> RemoveWhere(storage::Collection& collection,
                           const std::function<GoingPaths(const storage::ItemRecord&)>& goes_of,
                           const RemoveFlags& flags) {
  constexpr size_t kRemovalsPerCommit = 1000;
  size_t count = 0;
  std::vector<Removal> removals;
  Status committed;
  SL_RETURN_IF_ERROR(collection.ForEachItem([&](const storage::ItemRecord& item) {
    Removal removal = RemovePaths(item, goes_of(item));
    if (removal.removed_paths.empty()) return true;
    ++count;
    removals.push_back(std::move(removal));
    if (removals.size() == kRemovalsPerCommit) committed = CommitAndTell(collection, removals, flags);
    return committed.has_value();
  }));
  SL_RETURN_IF_ERROR(committed);
  SL_RETURN_IF_ERROR(CommitAndTell(collection, removals, flags));
  return count;
}

// What came from a captions file or an archive that is named itself.
Result<size_t> RemoveWithin(storage::Collection& collection, const std::string& file, const RemoveFlags& flags) {
  std::vector<std::string> prefixes = SpellingsOf(file);
  for (std::string& prefix : prefixes) prefix += '#';
  const GoingPaths is_within = [&](const std::string& path) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const std::string& prefix) { return path.starts_with(prefix); });
  };
  return RemoveWhere(
      collection, [&](const storage::ItemRecord&) { return is_within; }, flags);
}

// Whole items.
Status RemoveMatching(storage::Collection& collection, const Filter& filter, const RemoveFlags& flags) {
  const auto goes_of = [&](const storage::ItemRecord& item) -> GoingPaths {
    const bool goes = ItemMatches(filter, item);
    return [goes](const std::string&) { return goes; };
  };
  SL_RETURN_IF_ERROR(RemoveWhere(collection, goes_of, flags));
  return {};
}

// A commit of its own for every reference, so that a later one sees what an earlier one did.
Result<bool> RemoveOne(storage::Collection& collection, const std::string& reference, const RemoveFlags& flags) {
  const auto id = ResolveItem(collection.records(), reference);
  if (!id && id.error().code != ErrorCode::kNotFound) return tl::unexpected<Error>(id.error());
  std::optional<storage::ItemRecord> item;
  if (id) {
    SL_ASSIGN_OR_RETURN(item, ReadItem(collection.records(), *id));
  }
  if (!item) {
    SL_ASSIGN_OR_RETURN(const size_t within, id ? Result<size_t>(0) : RemoveWithin(collection, reference, flags));
    if (within > 0) return true;
    fmt::print(stderr, "no such item: {}\n", OneLine(reference));
    return false;
  }
  const Removal removal = PlanRemoval(*std::move(item), reference);
  if (!flags.dry_run) {
    SL_RETURN_IF_ERROR(collection.Commit(removal.changes));
  }
  Tell(removal, flags);
  return true;
}

Result<ExitCode> RunRemove(const Session& session, const RemoveFlags& flags) {
  if (flags.items.empty() && !flags.missing && flags.filter.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "say what to remove: ids, paths, --filter or --missing");
  }
  Filter filter;
  if (!flags.filter.empty()) {
    SL_ASSIGN_OR_RETURN(filter, query::ParseFilter(flags.filter));
    if (filter.empty())
      return Fail(ErrorCode::kInvalidArgument, "the filter lets everything through: nothing is removed");
  }
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  bool found_all = true;
  for (const std::string& reference : flags.items) {
    SL_ASSIGN_OR_RETURN(const bool found, RemoveOne(*collection, reference, flags));
    found_all = found_all && found;
  }
  if (flags.missing) {
    SL_RETURN_IF_ERROR(RemoveWhere(
        *collection, [](const storage::ItemRecord&) -> GoingPaths { return indexer::HasVanished; }, flags));
  }
  if (!filter.empty()) SL_RETURN_IF_ERROR(RemoveMatching(*collection, filter, flags));
  return found_all ? ExitCode::kOk : ExitCode::kNoResult;
}

}  // namespace

void AddRemoveCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<RemoveFlags>();
  CLI::App* command = app.add_subcommand("remove", "Remove items from a collection; files stay where they are");
  command->add_option("collection", flags->collection, "Its name")->required();
  command->add_option("item", flags->items,
                      "Ids or paths; a captions file or an archive stands for all that came from it");
  command->add_flag("--missing", flags->missing,
                    "Everything whose files are gone (a disk that is not mounted is gone!)");
  command->add_option("--filter", flags->filter, "Every item that passes this filter: JSON, as search takes it");
  command->add_flag("--dry-run", flags->dry_run, "Only say what would be removed");
  command->add_flag("--json", flags->json, "One JSON object per removal");
  command->callback([flags, &session] { session.run = [flags, &session] { return RunRemove(session, *flags); }; });
}

}  // namespace sightline::app
