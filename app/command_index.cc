// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/index_flags.h"
#include "app/interrupt.h"
#include "app/open.h"
#include "app/patch_names.h"
#include "app/path_list.h"
#include "app/progress_view.h"
#include "app/scratch_folder.h"
#include "indexer/indexer.h"
#include "media/clip_sampler.h"

namespace sightline::app {
namespace {

struct IndexFlags {
  std::string collection;
  std::vector<std::string> paths;
  std::vector<std::string> manifests;
  std::vector<std::string> captions;
  bool null_separated = false;
  std::string shard;  // Empty: everything.
  ModelOptions model;
  std::string patches;  // Empty: the collection's own, int8 for a new one.
  IndexOptionFlags index;
  int jobs = 0;
  double clip_seconds = 8;
  double clip_overlap = 0;
  int frames = 0;  // 0: the model's.
  size_t max_clips = media::ClipOptions().max_clips;
  bool key_frames = false;
  bool no_frame_vectors = false;
  bool no_exif = false;
  bool icc = false;
  bool dry_run = false;
  bool json = false;
};

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
  SL_ASSIGN_OR_RETURN(auto folder, FolderOf(session, flags.collection));
  const storage::OpenOptions open_options{.min_free_bytes = session.globals.min_free_bytes()};
  auto opened = storage::Collection::Open(folder, open_options);
  if (opened) {
    SL_RETURN_IF_ERROR(CheckModelOf(flags.collection, (*opened)->config(), info));
    SL_RETURN_IF_ERROR(CheckAgainst((*opened)->config(), flags));
    const storage::IndexOptions before = (*opened)->index_options();
    SL_ASSIGN_OR_RETURN(const storage::IndexOptions options, WithFlags(before, flags.index));
    if (options != before && !flags.dry_run) SL_RETURN_IF_ERROR((*opened)->SetIndexOptions(options));
    return CollectionLease(*std::move(opened));
  }
  if (opened.error().code != ErrorCode::kNotFound) return tl::unexpected(std::move(opened).error());
  const storage::CollectionConfig config = {
      .model_name = info.config.name,
      .model_fingerprint = info.fingerprint,
      .dim = static_cast<uint32_t>(info.config.embed_dim),
      .patch_storage = PatchStorageFromName(flags.patches),
  };
  SL_RETURN_IF_ERROR(CheckAgainst(config, flags));
  SL_ASSIGN_OR_RETURN(const storage::IndexOptions options, WithFlags({}, flags.index));
  if (flags.dry_run) {
    SL_ASSIGN_OR_RETURN(scratch, ScratchFolder::Make());
    folder = scratch->path() / flags.collection;
  }
  SL_RETURN_IF_ERROR(MakeFolders(folder.parent_path()));
  SL_ASSIGN_OR_RETURN(auto created, storage::Collection::Create(folder, config, options, open_options));
  return CollectionLease(std::move(created));
}

media::ClipOptions ClipOptionsOf(const IndexFlags& flags) {
  return {.window_us = static_cast<int64_t>(std::llround(flags.clip_seconds * 1e6)),
          .overlap_us = static_cast<int64_t>(std::llround(flags.clip_overlap * 1e6)),
          .frames = flags.frames,
          .max_clips = flags.max_clips};
}

Result<indexer::IndexReport> RunIndexer(const Session& session, storage::Collection& collection,
                                        encoder::Encoder& encoder, const IndexFlags& flags, const ThreadBudget& budget,
                                        ProgressStyle style) {
  indexer::IndexOptions options;
  options.apply_exif_orientation = !flags.no_exif;
  options.convert_icc_to_srgb = flags.icc;
  options.dry_run = flags.dry_run;
  options.decode_threads = budget.decode;
  options.clips = ClipOptionsOf(flags);
  options.key_frames = flags.key_frames;
  options.frame_vectors = !flags.no_frame_vectors;
  SL_ASSIGN_OR_RETURN(const indexer::IndexInputs inputs, CollectInputs(session, flags));
  InterruptHandler interrupt(
      session, "stopping: finishing what is in hand; run the same command again to go on (again Ctrl-C: quit at once)");
  indexer::Indexer indexer(collection, encoder, options);
  const auto view = MakeProgressView(session.io, style);
  auto report = indexer.Run(inputs, view.get(), interrupt.token());
  // An input that is not there is the data's fault, not the command line's.
  if (!report && report.error().code == ErrorCode::kNotFound) return InputError(std::move(report).error());
  if (report && !report->stopped && !flags.dry_run) {
    // What is indexed can be searched already; an interrupt here only leaves the index for later.
    const Status finished = FinishIndex(session, collection, {.stop = interrupt.token()});
    if (!finished && finished.error().code != ErrorCode::kCancelled) return tl::unexpected(finished.error());
  }
  return report;
}

Result<ExitCode> RunIndex(const Session& session, const IndexFlags& flags) {
  if (flags.paths.empty() && flags.manifests.empty() && flags.captions.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "nothing to index: give a path, --manifest or --captions");
  }
  if (!flags.shard.empty()) SL_RETURN_IF_ERROR(indexer::ParsePathShard(flags.shard));
  const ProgressStyle style = flags.json ? ProgressStyle::kJson : ProgressStyle::kAuto;
  const ThreadBudget budget = MakeThreadBudget(session.globals.threads, flags.jobs);
  SL_RETURN_IF_ERROR(FolderOf(session, flags.collection));
  SL_ASSIGN_OR_RETURN(const auto encoder, OpenModel(session, flags.model, budget));
  std::optional<ScratchFolder> scratch;
  SL_ASSIGN_OR_RETURN(const auto collection, OpenOrCreate(session, flags, encoder->info(), scratch));
  SL_ASSIGN_OR_RETURN(const auto report, RunIndexer(session, *collection, *encoder, flags, budget, style));
  PrintIndexReport(session.io, report, flags.dry_run, style);
  if (report.stopped) {
    fmt::print(session.io.err, "stopped before the end; run the same command again to go on\n");
    return ExitCode::kInterrupted;
  }
  // Single bad files are told, but only a run in which nothing was good has failed.
  const indexer::IndexProgress& progress = report.progress;
  return progress.failed > 0 && progress.failed == progress.done() ? ExitCode::kInput : ExitCode::kOk;
}

}  // namespace

void AddIndexCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<IndexFlags>();
  CLI::App* command =
      app.add_subcommand("index", "Index pictures, videos and captions; run it again to resume or to bring up to date");
  command->add_option("collection", flags->collection, "Its name; made when it does not exist")->required();
  command->add_option(
      "path", flags->paths,
      "Files, folders, and tar shards by name or {000..012}; - reads a list of paths from standard input");
  command->add_option("--manifest", flags->manifests, "JSON lines: files with metadata and captions; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--captions", flags->captions, "Captions as JSON lines or a JSON array; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--shard", flags->shard, "I/N: only the I-th of N parts, by the hash of the paths (then: merge)");
  command->add_flag("--null", flags->null_separated, "Paths on standard input end in a zero byte, not a line break");
  command->add_option("--model", flags->model.model, "Model directory (default: sightline-small)");
  command->add_option("--precision", flags->model.precision, "fp32 or bf16")->check(CLI::IsMember({"fp32", "bf16"}));
  command->add_option("--patches", flags->patches, "How a new collection keeps patches: int8 (default), fp16 or none")
      ->check(CLI::IsMember({"int8", "fp16", "none"}));
  AddIndexOptionFlags(*command, flags->index);
  command->add_option("--jobs", flags->jobs, "Decode threads")->check(CLI::Range(1, 256));
  command->add_option("--clip-seconds", flags->clip_seconds, "Length of a video's clips that no scene cut shortens")
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str();
  command->add_option("--clip-overlap", flags->clip_overlap, "Seconds that neighbouring clips of a scene share")
      ->check(CLI::Range(0.0, 43200.0))
      ->capture_default_str();
  command->add_option("--frames", flags->frames, "Sampled frames per clip (default: as many as the model's clips have)")
      ->check(CLI::Range(1, 64));
  command->add_option("--max-clips", flags->max_clips, "Of one video; of more, so many are spread evenly over it")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_flag("--key-frames", flags->key_frames, "Look at key frames only: faster, less exact cuts and frames");
  command->add_flag("--no-frame-vectors", flags->no_frame_vectors, "Search clips as a whole, not each of their frames");
  command->add_flag("--no-exif", flags->no_exif, "Ignore the EXIF orientation");
  command->add_flag("--icc", flags->icc, "Convert ICC profiles to sRGB");
  command->add_flag("--dry-run", flags->dry_run, "Only say what it would cost");
  command->add_flag("--json", flags->json, "Events as JSON lines on standard output");
  command->callback([flags, &session] { session.run = [flags, &session] { return RunIndex(session, *flags); }; });
}

}  // namespace sightline::app
