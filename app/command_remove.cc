// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/interrupt.h"
#include "app/item_kind.h"
#include "app/item_reference.h"
#include "app/open.h"
#include "app/path_list.h"
#include "app/removal.h"
#include "app/text.h"
#include "http/upload_cleaning.h"
#include "indexer/location.h"
#include "query/filter_parser.h"

namespace sightline::app {
namespace {

struct RemoveFlags {
  std::string collection;
  std::vector<std::string> items;
  bool null_separated = false;
  bool missing = false;
  std::string filter;  // JSON; empty: none.
  bool dry_run = false;
  bool json = false;
};

// One run of the command.
struct Run {
  storage::Collection& collection;
  Remover& remover;
  std::stop_token stop;
  std::FILE* err;
};

Result<std::optional<storage::ItemRecord>> ReadItem(const storage::RecordStore& records, ItemId id) {
  SL_ASSIGN_OR_RETURN(auto items, records.GetItems(std::span(&id, 1)));
  return std::move(items[0]);
}

// Looks at every item and removes what `plan` says. Returns how many items that changed.
Result<size_t> RemoveWhere(Run& run, const std::function<Removal(const storage::ItemRecord&)>& plan) {
  SL_RETURN_IF_ERROR(run.remover.Flush());
  const size_t before = run.remover.count();
  Status added;
  SL_RETURN_IF_ERROR(run.collection.ForEachItem([&](const storage::ItemRecord& item) {
    Removal removal = plan(item);
    if (!removal.removed_paths.empty()) added = run.remover.Add(std::move(removal));
    return added.has_value() && !run.stop.stop_requested();
  }));
  SL_RETURN_IF_ERROR(added);
  SL_RETURN_IF_ERROR(run.remover.Flush());
  return run.remover.count() - before;
}

// What came from a captions file or an archive that is named itself.
Result<size_t> RemoveWithin(Run& run, const std::string& file) {
  std::vector<std::string> prefixes = SpellingsOf(file);
  for (std::string& prefix : prefixes) prefix += '#';
  const auto is_within = [&](const std::string& path) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const std::string& prefix) { return path.starts_with(prefix); });
  };
  return RemoveWhere(run, [&](const storage::ItemRecord& item) { return PlanRemoval(item, is_within); });
}

Result<size_t> RemoveMissing(Run& run) {
  return RemoveWhere(run, [](const storage::ItemRecord& item) { return PlanRemoval(item, indexer::HasVanished); });
}

// Whole items.
Result<size_t> RemoveMatching(Run& run, const Filter& filter) {
  return RemoveWhere(run, [&](const storage::ItemRecord& item) {
    const bool goes = ItemMatches(filter, item);
    return PlanRemoval(item, [goes](const std::string&) { return goes; });
  });
}

// The item that is named, as it is once what waits is removed.
Result<std::optional<storage::ItemRecord>> FindItem(Run& run, const std::string& reference) {
  const storage::RecordStore& records = run.collection.records();
  auto id = ResolveItem(records, reference);
  if (id && run.remover.IsPending(*id)) {
    SL_RETURN_IF_ERROR(run.remover.Flush());
    id = ResolveItem(records, reference);
  }
  if (id) return ReadItem(records, *id);
  if (id.error().code == ErrorCode::kNotFound) return std::nullopt;
  return tl::unexpected<Error>(id.error());
}

// An item goes as a whole when it is named by id. Named by a path, it keeps the other places where its content lies.
Result<bool> RemoveOne(Run& run, const std::string& reference) {
  const bool by_id = ParseItemId(reference).has_value();
  SL_ASSIGN_OR_RETURN(auto item, FindItem(run, reference));
  if (item) {
    const std::vector<std::string> spellings = SpellingsOf(reference);
    SL_RETURN_IF_ERROR(run.remover.Add(PlanRemoval(*std::move(item), [&](const std::string& path) {
      return by_id || std::find(spellings.begin(), spellings.end(), path) != spellings.end();
    })));
    return true;
  }
  SL_ASSIGN_OR_RETURN(const size_t within, by_id ? Result<size_t>(0) : RemoveWithin(run, reference));
  if (within > 0) return true;
  fmt::print(run.err, "no such item: {}\n", OneLine(reference));
  return false;
}

// The references, with those of standard input in the place of "-".
Result<std::vector<std::string>> ReadReferences(const Session& session, const RemoveFlags& flags) {
  std::vector<std::string> references;
  for (const std::string& item : flags.items) {
    if (item != "-") {
      references.push_back(item);
      continue;
    }
    SL_ASSIGN_OR_RETURN(const auto listed, ReadPathList(session.io.in, flags.null_separated ? '\0' : '\n'));
    for (const auto& path : listed) references.push_back(path.string());
  }
  return references;
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
  SL_ASSIGN_OR_RETURN(const std::vector<std::string> references, ReadReferences(session, flags));
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  SL_ASSIGN_OR_RETURN(const auto uploads, OpenUploads(session));
  const auto remove_uploads = [&](std::span<const std::string> paths) {
    if (!uploads) return;
    const Status removed = http::RemoveUnusedUploads(*uploads, flags.collection, *collection, paths, {});
    // The items are gone; `repair` removes what is left of them.
    if (!removed) fmt::print(session.io.err, "warning: an upload is left: {}\n", OneLine(removed.error().message));
  };
  Remover remover(*collection,
                  {.dry_run = flags.dry_run, .json = flags.json, .out = session.io.out, .on_removed = remove_uploads});
  const InterruptHandler interrupt(session, "stopping: what is told is removed; run the same command again to go on");
  Run run{*collection, remover, interrupt.token(), session.io.err};
  bool found_all = true;
  for (const std::string& reference : references) {
    if (run.stop.stop_requested()) break;
    SL_ASSIGN_OR_RETURN(const bool found, RemoveOne(run, reference));
    found_all = found_all && found;
  }
  SL_RETURN_IF_ERROR(remover.Flush());
  if (flags.missing && !run.stop.stop_requested()) SL_RETURN_IF_ERROR(RemoveMissing(run));
  if (!filter.empty() && !run.stop.stop_requested()) SL_RETURN_IF_ERROR(RemoveMatching(run, filter));
  if (run.stop.stop_requested()) return ExitCode::kInterrupted;
  return found_all ? ExitCode::kOk : ExitCode::kNoResult;
}

}  // namespace

void AddRemoveCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<RemoveFlags>();
  CLI::App* command = app.add_subcommand(
      "remove", "Remove items from a collection; files stay where they are, except what was uploaded to a server");
  command->add_option("collection", flags->collection, "Its name")->required();
  command->add_option(
      "item", flags->items,
      "Ids or paths; a captions file or an archive stands for all that came from it; - reads a list from "
      "standard input");
  command->add_flag("--null", flags->null_separated, "What is listed on standard input ends in a zero byte");
  command->add_flag("--missing", flags->missing,
                    "Everything whose files are gone (a disk that is not mounted is gone!)");
  command->add_option("--filter", flags->filter, "Every item that passes this filter: JSON, as search takes it");
  command->add_flag("--dry-run", flags->dry_run, "Only say what would be removed");
  command->add_flag("--json", flags->json, "One JSON object per removal");
  command->callback([flags, &session] {
    session.collections = std::vector{flags->collection};
    session.run = [flags, &session] { return RunRemove(session, *flags); };
  });
}

}  // namespace sightline::app
