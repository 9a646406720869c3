// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
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

namespace sightline::app {
namespace {

struct RemoveFlags {
  std::string collection;
  std::vector<std::string> items;
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

// An item goes as a whole when it is named by id. Named by a path, it keeps the other places where its content lies.
Removal PlanRemoval(storage::ItemRecord item, const std::string& reference) {
  const std::vector<std::string> spellings = SpellingsOf(reference);
  const bool by_id = ParseItemId(reference).has_value();
  Removal removal;
  removal.item = item.id;
  removal.what = DescribeItem(item);
  std::vector<storage::ItemPath> remaining;
  for (const storage::ItemPath& path : item.paths) {
    const bool is_named = std::find(spellings.begin(), spellings.end(), path.path) != spellings.end();
    if (by_id || is_named) {
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

void Tell(const Removal& removal, bool as_json) {
  if (as_json) {
    boost::json::array paths;
    for (const std::string& path : removal.removed_paths) paths.emplace_back(ValidUtf8(path));
    const boost::json::object object = {{"item_id", removal.item.value},
                                        {"removed_paths", std::move(paths)},
                                        {"item_removed", removal.remaining_path.empty()}};
    fmt::print("{}\n", boost::json::serialize(object));
    return;
  }
  for (const std::string& path : removal.removed_paths) {
    if (removal.remaining_path.empty()) {
      fmt::print("removed item {} ({}): {}\n", removal.item.value, removal.what, OneLine(path));
    } else {
      fmt::print("removed a path of item {}: {} (it stays as {})\n", removal.item.value, OneLine(path),
                 OneLine(removal.remaining_path));
    }
  }
}

// One commit per reference, so that a later one sees what an earlier one did.
Result<bool> RemoveOne(storage::Collection& collection, const std::string& reference, bool as_json) {
  const auto id = ResolveItem(collection.records(), reference);
  if (!id && id.error().code != ErrorCode::kNotFound) return tl::unexpected<Error>(id.error());
  std::optional<storage::ItemRecord> item;
  if (id) {
    SL_ASSIGN_OR_RETURN(item, ReadItem(collection.records(), *id));
  }
  if (!item) {
    fmt::print(stderr, "no such item: {}\n", OneLine(reference));
    return false;
  }
  const Removal removal = PlanRemoval(*std::move(item), reference);
  SL_RETURN_IF_ERROR(collection.Commit(removal.changes));
  Tell(removal, as_json);
  return true;
}

Result<ExitCode> RunRemove(const Session& session, const RemoveFlags& flags) {
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  bool found_all = true;
  for (const std::string& reference : flags.items) {
    SL_ASSIGN_OR_RETURN(const bool found, RemoveOne(*collection, reference, flags.json));
    found_all = found_all && found;
  }
  return found_all ? ExitCode::kOk : ExitCode::kNoResult;
}

}  // namespace

void AddRemoveCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<RemoveFlags>();
  CLI::App* command = app.add_subcommand("remove", "Remove items from a collection; files stay where they are");
  command->add_option("collection", flags->collection, "Its name")->required();
  command->add_option("item", flags->items, "Ids or paths")->required();
  command->add_flag("--json", flags->json, "One JSON object per removal");
  command->callback([flags, &session] { session.run = [flags, &session] { return RunRemove(session, *flags); }; });
}

}  // namespace sightline::app
