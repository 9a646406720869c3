// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/open.h"
#include "app/session.h"
#include "eval/retrieval_set.h"

namespace CLI {
class App;
}

namespace sightline::app {

/// Flags of every evaluation on a set of pictures or videos and their captions.
struct EvalFlags {
  std::string set;     ///< The file that says what the set is, for the output.
  std::string folder;  ///< Where the set's paths start.
  std::optional<int> frames;
  std::vector<size_t> depths;                  ///< Empty: 0, 16, 64, 128 and 256, as far as the gallery goes.
  std::vector<std::string> kinds = {"exact"};  ///< "exact", names of index kinds, or "all".
  size_t folds = 1;                            ///< Parts of consecutive pictures whose figures are averaged.
  std::string protocol = "live";
  std::string rank = "score";
  std::string patches = "int8";
  std::string keep;  ///< Empty: a folder of the cache that belongs to the set.
  bool no_cache = false;
  ModelOptions model;
  bool json = false;
  bool ranks = false;  ///< Ranks of every query in the JSON.
  std::string csv;     ///< File to write; empty: none.
  std::string html;    ///< File to write; empty: none.
};

/// Adds all flags but `set` and `folder`, after those of the set. `flags` must outlive parsing.
void AddEvalOptions(CLI::App& command, EvalFlags& flags);

/// Indexes the set into a collection of its own (into one per fold), runs it in both directions and prints the metrics.
/// What it did is kept in a folder of the cache, so that the same call goes on after an interruption. kNoResult when
/// there was nothing to ask. Errors: those of OpenModel, IndexGallery, the protocols and RunStages; kInvalidArgument
/// (folds, flags that contradict each other).
Result<ExitCode> RunEval(const Session& session, const EvalFlags& flags, const eval::RetrievalSet& set);

}  // namespace sightline::app
