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

namespace sightline::app {
namespace {

struct VerifyFlags {
  std::string collection;
  bool json = false;
};

void PrintReport(std::FILE* out, const storage::VerifyReport& report, bool as_json) {
  if (as_json) {
    boost::json::array findings;
    for (const storage::VerifyFinding& finding : report.findings) findings.emplace_back(ValidUtf8(finding.what));
    const boost::json::object object = {{"items_checked", report.items_checked},
                                        {"units_checked", report.units_checked},
                                        {"findings", std::move(findings)}};
    fmt::print(out, "{}\n", boost::json::serialize(object));
    return;
  }
  for (const storage::VerifyFinding& finding : report.findings) fmt::print(out, "wrong: {}\n", OneLine(finding.what));
  fmt::print(out, "{} items and {} units checked: {}\n", report.items_checked, report.units_checked,
             report.findings.empty() ? "all is well" : fmt::format("{} findings", report.findings.size()));
}

Result<ExitCode> RunVerify(const Session& session, const VerifyFlags& flags) {
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  const InterruptHandler interrupt(session, "stopping");
  const Limits limits = {.stop = interrupt.token()};
  SL_ASSIGN_OR_RETURN(const storage::VerifyReport report, collection->Verify(limits));
  PrintReport(session.io.out, report, flags.json);
  return report.findings.empty() ? ExitCode::kOk : ExitCode::kInput;
}

}  // namespace

void AddVerifyCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<VerifyFlags>();
  CLI::App* command = app.add_subcommand("verify", "Read everything and check that records and index agree");
  command->add_option("collection", flags->collection, "Its name")->required();
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->callback([flags, &session] {
    session.collections = std::vector{flags->collection};
    session.run = [flags, &session] { return RunVerify(session, *flags); };
  });
}

}  // namespace sightline::app
