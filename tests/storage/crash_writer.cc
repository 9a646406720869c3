// SPDX-License-Identifier: BSD-3-Clause
//
// What the crash tests kill: commits the batches of CrashPlan for ever and says so after each.
//   crash_writer FOLDER [create] [nosync] [snapshots]
//   crash_writer FOLDER restore SNAPSHOT
// Lines on standard output: "ready" before the first call into the collection, "created" or "opened", "ack N" when
// batch N is acknowledged, "snapshot" when one of every few batches is whole (in FOLDER.snapshot, in place of the
// last), "restored" when the snapshot is a collection in FOLDER, "error ..." before it gives up (exit status 1).
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>

#include "storage/snapshot.h"
#include "tests/storage/crash_plan.h"

namespace {

using sightline::Error;
using sightline::storage::Collection;

int GiveUp(const Error& error) {
  std::printf("error %s: %s\n", std::string(NameOf(error.code)).c_str(), error.message.c_str());
  std::fflush(stdout);
  return 1;
}

void Say(const char* word) {
  std::puts(word);
  std::fflush(stdout);
}

int Restore(const char* snapshot, const char* folder) {
  Say("ready");
  const auto restored = sightline::storage::RestoreSnapshot(snapshot, folder, {});
  if (!restored) return GiveUp(restored.error());
  Say("restored");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace sightline::testing;
  if (argc == 4 && std::strcmp(argv[2], "restore") == 0) return Restore(argv[3], argv[1]);
  bool create = false;
  bool snapshots = false;
  auto options = CrashOptions();
  for (int i = 2; i < argc; ++i) {
    if (std::strcmp(argv[i], "create") == 0) create = true;
    if (std::strcmp(argv[i], "snapshots") == 0) snapshots = true;
    if (std::strcmp(argv[i], "nosync") != 0) continue;
    options = {};  // buffers that never fill: a flush would sync what came before it
    options.sync_commits = false;
  }
  Say("ready");
  auto collection = create ? Collection::Create(argv[1], CrashConfig(), options) : Collection::Open(argv[1], options);
  if (!collection) return GiveUp(collection.error());
  Say(create ? "created" : "opened");

  const auto committed = CommittedBatches(**collection);
  if (!committed) return GiveUp(committed.error());
  CrashPlan plan;
  while (plan.batches() < *committed) plan.Advance();
  while (true) {
    const auto batch = plan.Advance();
    const auto changes = ToWriteSet(plan, batch, **collection);
    if (!changes) return GiveUp(changes.error());
    if (const auto epoch = (*collection)->Commit(*changes); !epoch) return GiveUp(epoch.error());
    std::printf("ack %llu\n", static_cast<unsigned long long>(plan.batches()));
    std::fflush(stdout);
    if (!snapshots || plan.batches() % 4 != 0) continue;
    const std::string folder = std::string(argv[1]) + ".snapshot" + std::to_string(plan.batches() / 4 % 2);
    // Not in its place: a snapshot that is half removed is a damaged one.
    const std::string old = folder + ".old";
    std::filesystem::remove_all(old);
    if (std::filesystem::exists(folder)) std::filesystem::rename(folder, old);
    if (const auto taken = (*collection)->Snapshot(folder); !taken) return GiveUp(taken.error());
    Say("snapshot");
  }
}
