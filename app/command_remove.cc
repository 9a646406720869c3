// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/item_reference.h"
#include "app/open.h"
#include "app/text.h"

namespace sightline::app {
namespace {

struct RemoveFlags {
  std::string collection;
  std::vector<std::string> items;
};

Result<std::optional<storage::ItemRecord>> ReadItem(const storage::RecordStore& records, ItemId id) {
  SL_ASSIGN_OR_RETURN(auto items, records.GetItems(std::span(&id, 1)));
  return std::move(items[0]);
}

// What a removal changes, and the lines that tell it once it is done.
struct Removal {
  storage::WriteSet changes;
  std::string told;
};

// An item goes as a whole when it is named by id. Named by a path, it keeps the other places where its content lies.
Removal PlanRemoval(storage::ItemRecord item, const std::string& reference) {
  const std::vector<std::string> spellings = SpellingsOf(reference);
  std::vector<storage::ItemPath> named;
  std::vector<storage::ItemPath> remaining;
  for (const storage::ItemPath& path : item.paths) {
    const bool is_named = std::find(spellings.begin(), spellings.end(), path.path) != spellings.end();
    (is_named ? named : remaining).push_back(path);
  }
  Removal removal;
  if (ParseItemId(reference) || remaining.empty()) {
    for (const storage::ItemPath& path : item.paths) {
      removal.told += fmt::format("removed item {}: {}\n", item.id.value, OneLine(path.path));
    }
    removal.changes.remove_items.push_back(item.id);
    return removal;
  }
  for (const storage::ItemPath& path : named) {
    removal.told += fmt::format("removed a path of item {}: {} (it stays as {})\n", item.id.value, OneLine(path.path),
                                OneLine(remaining[0].path));
  }
  item.paths = std::move(remaining);
  removal.changes.put_items.push_back(std::move(item));
  return removal;
}

// One commit per reference, so that a later one sees what an earlier one did.
Result<bool> RemoveOne(storage::Collection& collection, const std::string& reference) {
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
  fmt::print("{}", removal.told);
  return true;
}

Result<ExitCode> RunRemove(const Session& session, const RemoveFlags& flags) {
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  bool found_all = true;
  for (const std::string& reference : flags.items) {
    SL_ASSIGN_OR_RETURN(const bool found, RemoveOne(*collection, reference));
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
  command->callback([flags, &session] { session.run = [flags, &session] { return RunRemove(session, *flags); }; });
}

}  // namespace sightline::app
