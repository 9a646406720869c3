// SPDX-License-Identifier: BSD-3-Clause
#include "app/index_run.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <utility>

#include <fmt/format.h>

#include "app/follow.h"
#include "app/interrupt.h"
#include "app/job_turn.h"
#include "app/patch_names.h"
#include "app/path_list.h"
#include "app/progress_view.h"
#include "app/scratch_folder.h"
#include "indexer/indexer.h"

namespace sightline::app {
namespace {

Result<indexer::IndexInputs> CollectInputs(const Session& session, const IndexFlags& flags) {
  indexer::IndexInputs inputs;
  for (const std::string& path : flags.paths) {
    if (path != "-") {
      inputs.paths.emplace_back(path);
      continue;
    }
    SL_ASSIGN_OR_RETURN(const auto listed, ReadPathList(session.io.in, flags.null_separated ? '\0' : '\n'));
    inputs.paths.insert(inputs.paths.end(), listed.begin(), listed.end());
  }
  inputs.manifests.assign(flags.manifests.begin(), flags.manifests.end());
  inputs.captions.assign(flags.captions.begin(), flags.captions.end());
  if (!flags.shard.empty()) {
    SL_ASSIGN_OR_RETURN(inputs.shard, indexer::ParsePathShard(flags.shard));
  }
  return inputs;
}

// What a collection was made with stays; flags that say otherwise are errors and not ignored.
Status CheckAgainst(const storage::CollectionConfig& config, const IndexFlags& flags) {
  if (!flags.patches.empty() && PatchStorageFromName(flags.patches) != config.patch_storage) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("collection \"{}\" keeps its patches as {}; that was fixed when it was made, so --patches "
                            "{} needs another collection",
                            flags.collection, storage::NameOf(config.patch_storage), flags.patches));
  }
  if (config.patch_storage == storage::PatchStorage::kNone && (flags.no_exif || flags.icc)) {
    return Fail(ErrorCode::kInvalidArgument,
                "a collection without stored patches decodes its pictures again at rerank time, with the default "
                "options: --no-exif and --icc cannot be used with it");
  }
  return {};
}

// Opens the collection, or makes it. A dry run of a new one works on a scratch collection.
Result<CollectionLease> OpenOrCreate(const Session& session, const IndexFlags& flags, const encoder::EncoderInfo& info,
                                     std::optional<ScratchFolder>& scratch) {
  auto opened = OpenInTurn(session, flags.wait, std::nullopt, [&] { return OpenForJob(session, flags.collection); });
  if (opened) {
    SL_RETURN_IF_ERROR(CheckModelOf(flags.collection, (*opened)->config(), info));
    SL_RETURN_IF_ERROR(CheckAgainst((*opened)->config(), flags));
    const storage::IndexOptions before = (*opened)->index_options();
    SL_ASSIGN_OR_RETURN(const storage::IndexOptions options, WithFlags(before, flags.index));
    if (options != before && !flags.dry_run) SL_RETURN_IF_ERROR((*opened)->SetIndexOptions(options));
    return opened;
  }
  if (opened.error().code != ErrorCode::kNotFound) return opened;
  const storage::CollectionConfig config = {
      .model_name = info.config.name,
      .model_fingerprint = info.fingerprint,
      .dim = static_cast<uint32_t>(info.config.embed_dim),
      .patch_storage = PatchStorageFromName(flags.patches),
  };
  SL_RETURN_IF_ERROR(CheckAgainst(config, flags));
  SL_ASSIGN_OR_RETURN(const storage::IndexOptions options, WithFlags({}, flags.index));
  if (!flags.dry_run) return CreateForJob(session, flags.collection, config, options);
  SL_ASSIGN_OR_RETURN(scratch, ScratchFolder::Make());
  SL_ASSIGN_OR_RETURN(auto forecast, storage::Collection::Create(scratch->path() / flags.collection, config, options));
  return CollectionLease(std::move(forecast));
}

media::ClipOptions ClipOptionsOf(const IndexFlags& flags) {
  return {.window_us = static_cast<int64_t>(std::llround(flags.clip_seconds * 1e6)),
          .overlap_us = static_cast<int64_t>(std::llround(flags.clip_overlap * 1e6)),
          .frames = flags.frames,
          .max_clips = flags.max_clips};
}

// One run of the command; all must outlive it.
struct Run {
  const Session& session;
  const IndexFlags& flags;
  storage::Collection& collection;
  encoder::Encoder& encoder;
  size_t decode_threads;
  std::stop_token stop;

  ProgressStyle style() const { return flags.json ? ProgressStyle::kJson : ProgressStyle::kAuto; }
};

indexer::IndexOptions OptionsOf(const Run& run) {
  indexer::IndexOptions options;
  options.apply_exif_orientation = !run.flags.no_exif;
  options.convert_icc_to_srgb = run.flags.icc;
  options.dry_run = run.flags.dry_run;
  options.decode_threads = run.decode_threads;
  options.clips = ClipOptionsOf(run.flags);
  options.key_frames = run.flags.key_frames;
  options.frame_vectors = !run.flags.no_frame_vectors;
  return options;
}

enum class JobKind { kRecorded, kUnrecorded };

Result<indexer::IndexReport> IndexOnce(const Run& run, const indexer::IndexInputs& inputs, JobKind kind) {
  indexer::Indexer indexer(run.collection, run.encoder, OptionsOf(run));
  const auto view = MakeProgressView(run.session.io, run.style());
  auto report = kind == JobKind::kUnrecorded ? indexer.RunUnrecorded(inputs, view.get(), run.stop)
                                             : RunInTurn(run.session, run.collection, run.flags.wait, run.stop,
                                                         [&] { return indexer.Run(inputs, view.get(), run.stop); });
  // An input that is not there is the data's fault, not the command line's.
  if (!report && report.error().code == ErrorCode::kNotFound) return InputError(std::move(report).error());
  if (report && !report->stopped && !run.flags.dry_run) {
    // What is indexed can be searched already; an interrupt here only leaves the index for later.
    const Status finished = FinishIndex(run.session, run.collection, {.stop = run.stop});
    if (!finished && finished.error().code != ErrorCode::kCancelled) return tl::unexpected(finished.error());
  }
  return report;
}

// What changed since, as far as an index run takes it. Nobody resumes it, so that it needs no job record.
Status IndexChanges(const Run& run, std::vector<std::filesystem::path> paths, const indexer::PathShard& shard) {
  const indexer::IndexInputs inputs = {.paths = std::move(paths), .missing_is_file_error = true, .shard = shard};
  SL_ASSIGN_OR_RETURN(const indexer::IndexReport report, IndexOnce(run, inputs, JobKind::kUnrecorded));
  const indexer::IndexProgress& progress = report.progress;
  if (progress.done() > progress.unchanged) PrintIndexReport(run.session.io, report, false, run.style());
  std::fflush(run.session.io.out);
  return {};
}

// The indexing has ended in order, whatever was going on: nothing is lost, so a stop is how this ends well.
Result<ExitCode> FollowInputs(const Run& run, const indexer::IndexInputs& inputs, FolderWatch& watch) {
  fmt::print(run.session.io.err, "following changes; Ctrl-C ends it\n");
  const FollowTask task = {.session = run.session,
                           .collection = run.collection,
                           .paths = inputs.paths,
                           .index = [&](auto paths) { return IndexChanges(run, std::move(paths), inputs.shard); },
                           .json = run.flags.json};
  SL_RETURN_IF_ERROR(Follow(task, watch, run.stop));
  return ExitCode::kOk;
}

Status CheckFlags(const IndexFlags& flags) {
  const auto refuse = [](const char* why) { return Fail(ErrorCode::kInvalidArgument, why); };
  if (flags.paths.empty() && flags.manifests.empty() && flags.captions.empty()) {
    return refuse("nothing to index: give a path, --manifest or --captions");
  }
  if (!flags.shard.empty()) SL_RETURN_IF_ERROR(indexer::ParsePathShard(flags.shard));
  const bool lists = std::find(flags.paths.begin(), flags.paths.end(), "-") != flags.paths.end();
  if (flags.follow && (lists || flags.dry_run || !flags.manifests.empty() || !flags.captions.empty())) {
    return refuse(
        "--follow watches folders and files: it goes with no list of paths, --manifest, --captions or --dry-run");
  }
  return {};
}

}  // namespace

Result<ExitCode> RunIndex(const Session& session, const IndexFlags& flags) {
  SL_RETURN_IF_ERROR(CheckFlags(flags));
  const ThreadBudget budget = MakeThreadBudget(session.globals.threads, flags.jobs);
  SL_RETURN_IF_ERROR(FolderOf(session, flags.collection));
  SL_ASSIGN_OR_RETURN(const auto encoder, OpenModel(session, flags.model, budget, ModelUse::kJob));
  std::optional<ScratchFolder> scratch;
  SL_ASSIGN_OR_RETURN(const auto collection, OpenOrCreate(session, flags, encoder->info(), scratch));
  SL_ASSIGN_OR_RETURN(const indexer::IndexInputs inputs, CollectInputs(session, flags));
  const InterruptHandler interrupt(
      session, "stopping: finishing what is in hand; run the same command again to go on (again Ctrl-C: quit at once)");
  const Run run = {session, flags, *collection, *encoder, budget.decode, interrupt.token()};
  std::optional<FolderWatch> watch;
  if (flags.follow) {
    SL_ASSIGN_OR_RETURN(watch, FolderWatch::Open(inputs.paths));
  }
  SL_ASSIGN_OR_RETURN(const auto report, IndexOnce(run, inputs, JobKind::kRecorded));
  PrintIndexReport(session.io, report, flags.dry_run, run.style());
  if (report.stopped) {
    fmt::print(session.io.err, "stopped before the end; run the same command again to go on\n");
    return ExitCode::kInterrupted;
  }
  if (watch) return FollowInputs(run, inputs, *watch);
  // Single bad files are told, but only a run in which nothing was good has failed.
  const indexer::IndexProgress& progress = report.progress;
  return progress.failed > 0 && progress.failed == progress.done() ? ExitCode::kInput : ExitCode::kOk;
}

}  // namespace sightline::app
