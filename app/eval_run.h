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
  std::vector<size_t> depths = {64};
  std::string protocol = "live";
  std::string rank = "score";
  std::string patches = "int8";
  std::string keep;  ///< Empty: a scratch folder.
  ModelOptions model;
  bool json = false;
};

/// Adds all flags but `set` and `folder`. `flags` must outlive parsing.
void AddEvalOptions(CLI::App& command, EvalFlags& flags);

/// Indexes the set into a collection of its own, runs it in both directions and prints the metrics. kNoResult when
/// there was nothing to ask. Errors: those of OpenModel, IndexGallery and the protocols.
Result<ExitCode> RunEval(const Session& session, const EvalFlags& flags, const eval::RetrievalSet& set);

}  // namespace sightline::app
