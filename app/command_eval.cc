// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/eval_run.h"
#include "eval/msrvtt_set.h"
#include "eval/video_files.h"

namespace sightline::app {
namespace {

Result<ExitCode> RunOn(const Session& session, const EvalFlags& flags, Result<eval::RetrievalSet> set) {
  if (!set) return InputError(std::move(set).error());
  return RunEval(session, flags, *set);
}

void AddJson(CLI::App& eval, Session& session) {
  auto flags = std::make_shared<EvalFlags>();
  CLI::App* command = eval.add_subcommand("json", "Recall on a set in the JSON form of X2-VLM and ALBEF");
  command->add_option("file", flags->set, "The set: [{\"image\" or \"video\": path, \"caption\": [text, ...]}, ...]")
      ->required();
  command->add_option("--images", flags->folder, "Folder that the set's paths start from")->required();
  AddEvalOptions(*command, *flags);
  command->callback([flags, &session] {
    session.run = [flags, &session] { return RunOn(session, *flags, eval::ReadRetrievalJson(flags->set)); };
  });
}

Result<eval::RetrievalSet> ReadMsrvtt(const EvalFlags& flags) {
  SL_ASSIGN_OR_RETURN(eval::RetrievalSet set, eval::ReadMsrvttCsv(flags.set));
  SL_RETURN_IF_ERROR(eval::FindVideoFiles(flags.folder, set));
  return set;
}

void AddMsrvtt(CLI::App& eval, Session& session) {
  auto flags = std::make_shared<EvalFlags>();
  CLI::App* command = eval.add_subcommand("msrvtt", "Recall on a list of videos and sentences, as MSRVTT 1k-A is");
  command->add_option("--csv", flags->set, "The list, with the columns video_id and sentence")->required();
  command->add_option("--videos", flags->folder, "Folder of the videos, named by video_id")->required();
  AddEvalOptions(*command, *flags);
  command->callback(
      [flags, &session] { session.run = [flags, &session] { return RunOn(session, *flags, ReadMsrvtt(*flags)); }; });
}

}  // namespace

void AddEvalCommand(CLI::App& app, Session& session) {
  CLI::App* eval = app.add_subcommand("eval", "Measure recall through the code that serves search");
  eval->require_subcommand(1);
  AddJson(*eval, session);
  AddMsrvtt(*eval, session);
}

}  // namespace sightline::app
