// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/index_run.h"
#include "app/job_turn.h"

namespace sightline::app {

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
  command->add_flag("--follow", flags->follow, "Then watch the folders, index what comes and remove what goes");
  AddWaitFlag(*command, flags->wait);
  command->add_flag("--dry-run", flags->dry_run, "Only say what it would cost");
  command->add_flag("--json", flags->json, "Events as JSON lines on standard output");
  command->callback([flags, &session] {
    session.collections = std::vector{flags->collection};
    session.run = [flags, &session] { return RunIndex(session, *flags); };
  });
}

}  // namespace sightline::app
