// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>

#include "app/eval_run.h"
#include "app/scratch_folder.h"
#include "app/session.h"
#include "base/result.h"
#include "encoder/encoder.h"
#include "eval/retrieval_set.h"

namespace sightline::app {

/// Where an evaluation keeps the indexed set and the stages that it finished.
struct EvalFolder {
  std::filesystem::path path;
  std::optional<ScratchFolder> scratch;  ///< With --no-cache: gone at the end.

  bool stays() const { return !scratch; }
};

/// The folder that --folder names; a scratch folder with --no-cache; otherwise $XDG_CACHE_HOME/sightline/eval/KEY, else
/// $HOME/.cache/sightline/eval/KEY, where KEY stands for everything that decides the embeddings: the model, its
/// precision, the set and where it lies, how patches are kept, frames of a video. Errors: kInvalidArgument (neither
/// variable is set), and those of ScratchFolder::Make.
Result<EvalFolder> FindEvalFolder(const Session& session, const EvalFlags& flags, const eval::RetrievalSet& set,
                                  const encoder::EncoderInfo& info);

}  // namespace sightline::app
