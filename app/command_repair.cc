// SPDX-License-Identifier: BSD-3-Clause
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
#include "http/upload_cleaning.h"

namespace sightline::app {
namespace {

struct RepairFlags {
  std::string collection;
  bool json = false;
};

boost::json::array ToJson(const std::vector<std::string>& lines) {
  boost::json::array array;
  for (const std::string& line : lines) array.emplace_back(ValidUtf8(line));
  return array;
}

void PrintReport(std::FILE* out, const storage::RepairReport& report, bool as_json) {
  if (as_json) {
    const boost::json::object object = {{"repaired", ToJson(report.done)}, {"left", ToJson(report.left)}};
    fmt::print(out, "{}\n", boost::json::serialize(object));
    return;
  }
  for (const std::string& line : report.done) fmt::print(out, "repaired: {}\n", OneLine(line));
  for (const std::string& line : report.left) fmt::print(out, "left: {}\n", OneLine(line));
  if (report.done.empty() && report.left.empty()) fmt::print(out, "nothing is damaged\n");
}

// Brings uploads that lie with another collection, and removes what a crash between an upload's file and its record
// left.
Status RepairUploads(const Session& session, const std::string& name, storage::Collection& collection,
                     const Limits& limits, storage::RepairReport& report) {
  SL_ASSIGN_OR_RETURN(const size_t brought, PutUploadsInOrder(session, name, collection, limits));
  if (brought > 0) report.done.push_back(fmt::format("brought the uploads of {} items from elsewhere", brought));
  SL_ASSIGN_OR_RETURN(const auto uploads, OpenUploads(session));
  if (!uploads) return {};
  SL_ASSIGN_OR_RETURN(const size_t removed, http::RemoveLeftovers(*uploads, name, collection, limits));
  if (removed > 0) report.done.push_back(fmt::format("removed {} files of uploads that no item has", removed));
  return {};
}

Result<ExitCode> RunRepair(const Session& session, const RepairFlags& flags) {
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  const InterruptHandler interrupt(session, "stopping");
  const Limits limits = {.stop = interrupt.token()};
  SL_ASSIGN_OR_RETURN(storage::RepairReport report, collection->Repair(limits));
  SL_RETURN_IF_ERROR(RepairUploads(session, flags.collection, *collection, limits, report));
  PrintReport(session.io.out, report, flags.json);
  if (report.left.empty()) return ExitCode::kOk;
  fmt::print(session.io.err,
             "{} of the findings are in records, which are not derived from anything and cannot be made again: restore "
             "a snapshot, or index the damaged files again\n",
             report.left.size());
  return ExitCode::kInput;
}

}  // namespace

void AddRepairCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<RepairFlags>();
  CLI::App* command = app.add_subcommand(
      "repair", "Make damaged parts of the index again from the records, and bring uploads in order");
  command->add_option("collection", flags->collection, "Its name")->required();
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->callback([flags, &session] {
    session.collections = std::vector{flags->collection};
    session.run = [flags, &session] { return RunRepair(session, *flags); };
  });
}

}  // namespace sightline::app
