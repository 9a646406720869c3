// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/index_flags.h"
#include "app/open.h"
#include "app/session.h"
#include "media/clip_sampler.h"

namespace sightline::app {

/// Flags of `sightline index`.
struct IndexFlags {
  std::string collection;
  std::vector<std::string> paths;
  std::vector<std::string> manifests;
  std::vector<std::string> captions;
  bool null_separated = false;
  std::string shard;  ///< Empty: everything.
  ModelOptions model;
  std::string patches;  ///< Empty: the collection's own, int8 for a new one.
  IndexOptionFlags index;
  int jobs = 0;
  double clip_seconds = 8;
  double clip_overlap = 0;
  int frames = 0;  ///< 0: the model's.
  size_t max_clips = media::ClipOptions().max_clips;
  bool key_frames = false;
  bool no_frame_vectors = false;
  bool no_exif = false;
  bool icc = false;
  bool follow = false;
  bool wait = false;  ///< For another job's end.
  bool dry_run = false;
  bool json = false;
};

/// Runs `sightline index`: one job, and with --follow further runs as things change, until a stop is requested.
Result<ExitCode> RunIndex(const Session& session, const IndexFlags& flags);

}  // namespace sightline::app
