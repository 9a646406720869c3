// SPDX-License-Identifier: BSD-3-Clause
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/item_kind.h"
#include "app/open.h"
#include "app/text.h"
#include "http/record_text.h"
#include "query/filter_parser.h"

namespace sightline::app {
namespace {

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

Result<ExitCode> RunList(const Session& session, const ListFlags& flags) {
  Filter filter;
  if (!flags.filter.empty()) {
    SL_ASSIGN_OR_RETURN(filter, query::ParseFilter(flags.filter));
  }
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  uint64_t shown = 0;
  SL_RETURN_IF_ERROR(collection->ForEachItem([&](const storage::ItemRecord& item) {
    if (!ItemMatches(filter, item)) return true;
    if (flags.json) {
      fmt::print(session.io.out, "{}\n", http::ItemText(item));
    } else {
      PrintItem(session.io.out, item);
    }
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
