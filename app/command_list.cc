// SPDX-License-Identifier: BSD-3-Clause
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/commands.h"
#include "app/item_kind.h"
#include "app/metadata_json_internal.h"
#include "app/open.h"
#include "app/text.h"
#include "query/filter_parser.h"

namespace sightline::app {
namespace {

namespace json = boost::json;

struct ListFlags {
  std::string collection;
  uint64_t limit = 0;  // 0: all.
  std::string filter;  // JSON; empty: none.
  bool json = false;
};

void PrintItem(std::FILE* out, const storage::ItemRecord& item) {
  fmt::print(out, "{:>8}  {:<24}", item.id.value, DescribeItem(item));
  for (size_t i = 0; i < item.paths.size(); ++i) {
    fmt::print(out, "{}{}", i == 0 ? "  " : "                               also ", OneLine(item.paths[i].path));
    const std::string* words = KindOf(item) == ItemKind::kCaption ? CaptionWords(item.metadata) : nullptr;
    if (i == 0 && words != nullptr) fmt::print(out, "  \"{}\"", OneLine(*words));
    fmt::print(out, "\n");
  }
}

void PrintItemJson(std::FILE* out, const storage::ItemRecord& item) {
  json::array paths;
  for (const storage::ItemPath& path : item.paths) paths.push_back(json::string(ValidUtf8(path.path)));
  json::array units;
  for (const UnitId unit : item.units) units.push_back(unit.value);
  const ItemKind kind = KindOf(item);
  json::object object = {{"item_id", item.id.value},    {"kind", json::string(NameOf(kind))},
                         {"paths", std::move(paths)},   {"width", item.width},
                         {"height", item.height},       {"added_at", item.added_at},
                         {"unit_ids", std::move(units)}};
  const std::string* words = kind == ItemKind::kCaption ? CaptionWords(item.metadata) : nullptr;
  if (words != nullptr) object["text"] = json::string(ValidUtf8(*words));
  if (const auto duration = DurationUs(item.metadata)) object["duration_ms"] = *duration / 1000;
  object["metadata"] = MetadataJson(item.metadata);
  fmt::print(out, "{}\n", json::serialize(object));
}

Result<ExitCode> RunList(const Session& session, const ListFlags& flags) {
  Filter filter;
  if (!flags.filter.empty()) {
    SL_ASSIGN_OR_RETURN(filter, query::ParseFilter(flags.filter));
  }
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  uint64_t shown = 0;
  SL_RETURN_IF_ERROR(collection->ForEachItem([&](const storage::ItemRecord& item) {
    if (!ItemMatches(filter, item)) return true;
    flags.json ? PrintItemJson(session.io.out, item) : PrintItem(session.io.out, item);
    return ++shown != flags.limit;
  }));
  return ExitCode::kOk;
}

}  // namespace

void AddListCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ListFlags>();
  CLI::App* command = app.add_subcommand("list", "The items of a collection: id, what it is, paths");
  command->add_option("collection", flags->collection, "Its name")->required();
  command->add_option("--limit", flags->limit, "Items to show (default: all)")->check(CLI::PositiveNumber);
  command->add_option("--filter", flags->filter, "Only items that pass this filter: JSON, as search takes it");
  command->add_flag("--json", flags->json, "One JSON object per line");
  command->callback([flags, &session] {
    session.collections = std::vector{flags->collection};
    session.run = [flags, &session] { return RunList(session, *flags); };
  });
}

}  // namespace sightline::app
