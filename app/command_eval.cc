// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/eval_compare.h"
#include "app/eval_prepare.h"
#include "app/eval_run.h"
#include "app/eval_sets.h"

namespace sightline::app {
namespace {

struct SetEvalFlags {
  SetFlags set;
  EvalFlags eval;
};

Result<ExitCode> EvalSet(const Session& session, SetKind kind, SetEvalFlags& flags) {
  flags.eval.set = flags.set.file;
  flags.eval.folder = flags.set.folder;
  SL_ASSIGN_OR_RETURN(const eval::RetrievalSet set, ReadSet(kind, flags.set));
  return RunEval(session, flags.eval, set);
}

void AddSet(CLI::App& eval, const SetKindInfo& info, Session& session) {
  auto flags = std::make_shared<SetEvalFlags>();
  CLI::App* command = eval.add_subcommand(info.name, fmt::format("Recall on {}", info.form));
  AddSetOptions(*command, info.kind, flags->set);
  AddEvalOptions(*command, flags->eval);
  command->callback([flags, &session, kind = info.kind] {
    session.run = [flags, &session, kind] { return EvalSet(session, kind, *flags); };
  });
}

}  // namespace

void AddEvalCommand(CLI::App& app, Session& session) {
  CLI::App* eval = app.add_subcommand("eval", "Measure recall through the code that serves search");
  eval->require_subcommand(1);
  for (const SetKindInfo& info : SetKinds()) AddSet(*eval, info, session);
  AddEvalPrepare(*eval, session);
  AddEvalCompare(*eval, session);
}

}  // namespace sightline::app
