// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/commands.h"
#include "app/interrupt.h"
#include "app/open.h"
#include "app/scratch_folder.h"
#include "app/text.h"
#include "storage/snapshot.h"

namespace sightline::app {
namespace {

constexpr const char* kSnapshotExamples =
    "Examples:\n"
    "  sightline snapshot holidays /backup/holidays-2024-05-01\n"
    "  sightline restore /backup/holidays-2024-05-01 holidays2";

struct SnapshotFlags {
  std::string collection;
  std::string folder;
  bool json = false;
};

void PrintInfo(std::FILE* out, const char* verb, const SnapshotFlags& flags, const storage::SnapshotInfo& info) {
  if (flags.json) {
    const boost::json::object object = {{"collection", flags.collection},
                                        {"folder", ValidUtf8(flags.folder)},
                                        {"items", info.items},
                                        {"units", info.units},
                                        {"vectors", info.vectors},
                                        {"epoch", info.epoch.value},
                                        {"created_at", info.created_at},
                                        {"files", info.files},
                                        {"bytes", info.size_bytes}};
    fmt::print(out, "{}\n", boost::json::serialize(object));
    return;
  }
  fmt::print(out, "{} {} items and {} units, {} in {} files\n", verb, info.items, info.units,
             HumanBytes(info.size_bytes), info.files);
}

Result<ExitCode> RunSnapshot(const Session& session, const SnapshotFlags& flags) {
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  SL_ASSIGN_OR_RETURN(const storage::SnapshotInfo info, collection->Snapshot(flags.folder));
  PrintInfo(session.io.out, "snapshot of", flags, info);
  return ExitCode::kOk;
}

Status BringUploads(const Session& session, const std::string& name, const Limits& limits) {
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, name));
  SL_RETURN_IF_ERROR(PutUploadsInOrder(session, name, *collection, limits));
  return {};
}

Result<ExitCode> RunRestore(const Session& session, const SnapshotFlags& flags) {
  SL_ASSIGN_OR_RETURN(const auto folder, FolderOf(session, flags.collection));
  SL_RETURN_IF_ERROR(MakeFolders(folder.parent_path()));
  const InterruptHandler interrupt(session, "stopping; no collection will be there");
  SL_ASSIGN_OR_RETURN(const storage::SnapshotInfo info,
                      storage::RestoreSnapshot(flags.folder, folder, {.stop = interrupt.token()}));
  PrintInfo(session.io.out, "restored", flags, info);
  if (const Status brought = BringUploads(session, flags.collection, {.stop = interrupt.token()}); !brought) {
    fmt::print(session.io.err,
               "warning: its uploads are not where they belong ({}); to bring them there: sightline repair {}\n",
               OneLine(brought.error().message), flags.collection);
  }
  return ExitCode::kOk;
}

}  // namespace

void AddSnapshotCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<SnapshotFlags>();
  CLI::App* command = app.add_subcommand("snapshot", "Keep the state of a collection in a folder; takes seconds");
  command->add_option("collection", flags->collection, "Its name")->required();
  command->add_option("folder", flags->folder, "A new folder; on the same file system it takes no room at first")
      ->required();
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->footer(kSnapshotExamples);
  command->callback([flags, &session] {
    session.collections = std::vector{flags->collection};
    session.run = [flags, &session] { return RunSnapshot(session, *flags); };
  });
}

void AddRestoreCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<SnapshotFlags>();
  CLI::App* command = app.add_subcommand("restore", "Make a collection of a snapshot, once all of it was checked");
  command->add_option("folder", flags->folder, "The snapshot, which stays as it is")->required();
  command->add_option("collection", flags->collection, "Name of the new collection")->required();
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->footer(kSnapshotExamples);
  command->callback([flags, &session] {
    session.collections = std::vector{flags->collection};
    session.run = [flags, &session] { return RunRestore(session, *flags); };
  });
}

}  // namespace sightline::app
