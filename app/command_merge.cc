// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/index_flags.h"
#include "app/interrupt.h"
#include "app/job_turn.h"
#include "app/open.h"
#include "app/progress_view.h"
#include "indexer/transfer/collection_merger.h"

namespace sightline::app {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  sightline index part1 /nas/pictures --shard 1/2     (on one machine)\n"
    "  sightline index part2 /nas/pictures --shard 2/2     (on another)\n"
    "  sightline merge pictures part1 part2                (where both collections are)";

struct MergeFlags {
  std::string target;
  std::vector<std::string> sources;
  IndexOptionFlags index;
  bool wait = false;  // For another job's end.
  bool json = false;
};

// Merges one source. The sources are opened one after the other: each needs memory for its index.
Result<ExitCode> MergeOne(const Session& session, const MergeFlags& flags, const std::string& name,
                          const std::stop_token& stop) {
  SL_ASSIGN_OR_RETURN(const auto source,
                      OpenInTurn(session, flags.wait, stop, [&] { return OpenCollection(session, name); }));
  // A new target is made as its first source was.
  SL_ASSIGN_OR_RETURN(const auto target, OpenInTurn(session, flags.wait, stop, [&] {
                        return OpenOrCreate(session, flags.target, source->config(), source->index_options(),
                                            flags.index);
                      }));
  const ProgressStyle style = flags.json ? ProgressStyle::kJson : ProgressStyle::kAuto;
  const auto view = MakeProgressView(session.io, style, "items");
  indexer::MergeOptions options{.name = name};
  SL_ASSIGN_OR_RETURN(options.batches, WithUploads(session, flags.target));
  const auto merge = [&] { return indexer::MergeCollection(*target, *source, options, view.get(), stop); };
  SL_ASSIGN_OR_RETURN(const auto report, RunInTurn(session, *target, flags.wait, stop, merge));
  const Status finished = report.stopped ? Status() : FinishIndex(session, *target, {.stop = stop});
  if (!finished && finished.error().code != ErrorCode::kCancelled) return tl::unexpected<Error>(finished.error());
  if (!flags.json) fmt::print(session.io.out, "{}: ", name);
  PrintIndexReport(session.io, report, false, style, "items");
  return report.stopped ? ExitCode::kInterrupted : ExitCode::kOk;
}

Result<ExitCode> RunMerge(const Session& session, const MergeFlags& flags) {
  if (std::find(flags.sources.begin(), flags.sources.end(), flags.target) != flags.sources.end()) {
    return Fail(ErrorCode::kInvalidArgument, "a collection cannot be merged into itself: " + flags.target);
  }
  const InterruptHandler interrupt(
      session, "stopping: finishing what is in hand; run the same command again to go on (again Ctrl-C: quit at once)");
  for (const std::string& name : flags.sources) {
    SL_ASSIGN_OR_RETURN(const ExitCode code, MergeOne(session, flags, name, interrupt.token()));
    if (code != ExitCode::kOk) return code;
  }
  return ExitCode::kOk;
}

}  // namespace

void AddMergeCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<MergeFlags>();
  CLI::App* command = app.add_subcommand("merge", "Bring collections of one model together; run it again to resume");
  command->add_option("target", flags->target, "Collection that gets everything; made when it does not exist")
      ->required();
  command->add_option("source", flags->sources, "Collections, which stay as they are")->required();
  AddIndexOptionFlags(*command, flags->index);
  AddWaitFlag(*command, flags->wait);
  command->add_flag("--json", flags->json, "Events as JSON lines on standard output");
  command->footer(kExamples);
  command->callback([flags, &session] {
    session.collections = flags->sources;
    session.collections->push_back(flags->target);
    session.run = [flags, &session] { return RunMerge(session, *flags); };
  });
}

}  // namespace sightline::app
