// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/commands.h"
#include "app/interrupt.h"
#include "app/open.h"
#include "app/text.h"
#include "indexer/transfer/collection_exporter.h"

namespace sightline::app {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  sightline export holidays --out holidays-export    (embeddings.npy, metadata.jsonl, export.json)\n"
    "  sightline import copy holidays-export";

struct ExportFlags {
  std::string collection;
  std::string out;
  bool json = false;
};

// A line now and then; for a terminal in place.
indexer::ExportProgress ShowProgress(std::FILE* err, uint64_t total) {
  using Clock = std::chrono::steady_clock;
  const bool is_terminal = IsTerminal(err);
  auto told = std::make_shared<Clock::time_point>(Clock::now());
  return [=](uint64_t items) {
    const auto now = Clock::now();
    if (now - *told < std::chrono::seconds(is_terminal ? 1 : 5)) return;
    *told = now;
    fmt::print(err, "{}{}/{} items{}", is_terminal ? "\r\033[K" : "", items, total, is_terminal ? "" : "\n");
  };
}

void PrintInfo(std::FILE* out, const std::string& folder, const indexer::ExportInfo& info, bool as_json) {
  if (as_json) {
    const boost::json::object object = {{"folder", ValidUtf8(folder)}, {"items", info.items}, {"units", info.units},
                                        {"rows", info.rows},           {"dim", info.dim},     {"epoch", info.epoch}};
    fmt::print(out, "{}\n", boost::json::serialize(object));
  } else {
    fmt::print(out, "exported {} items, {} units and {} vectors of {} floats to {}\n", info.items, info.units,
               info.rows, info.dim, OneLine(folder));
  }
}

Result<ExitCode> RunExport(const Session& session, const ExportFlags& flags) {
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  SL_ASSIGN_OR_RETURN(const storage::CollectionStats stats, collection->Stats());
  const InterruptHandler interrupt(session, "stopping; nothing will be left of the export");
  SL_ASSIGN_OR_RETURN(
      const indexer::ExportInfo info,
      indexer::ExportCollection(*collection, flags.out, ShowProgress(session.io.err, stats.items), interrupt.token()));
  PrintInfo(session.io.out, flags.out, info, flags.json);
  return ExitCode::kOk;
}

}  // namespace

void AddExportCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* command = app.add_subcommand("export", "Write all embeddings and metadata as npy and JSON lines");
  command->add_option("collection", flags->collection, "Its name")->required();
  command->add_option("--out", flags->out, "A new folder")->required();
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->footer(kExamples);
  command->callback([flags, &session] {
    session.collections = std::vector{flags->collection};
    session.run = [flags, &session] { return RunExport(session, *flags); };
  });
}

}  // namespace sightline::app
