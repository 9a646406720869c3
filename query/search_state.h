// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/token_matrix.h"
#include "query/plan.h"
#include "query/searcher.h"
#include "storage/records.h"

namespace sightline::query {

/// One unit that the coarse stage found, and what the fusion encoder said about it; later a run of clips.
struct Candidate : Moment {
  ItemId item;
  UnitType type = UnitType::kImage;
  Epoch written_at;  ///< Of the unit's record.
  /// Cosine of the part of the query that is read against the unit: what the rank score counts. The coarse score unless
  /// the query joins two things.
  float pair_score = 0;
  std::vector<Moment> moments = {};  ///< As in Hit.
};

/// One request of a batch on its way through the stages. A failure ends it; the others go on.
struct SearchState {
  const SearchRequest* request = nullptr;
  Plan plan;
  Embedding query_vector;
  Embedding words_vector;    ///< Embedding of the words alone; empty without words.
  TokenMatrix token_states;  ///< Empty without words.
  Embedding picture_vector;  ///< Embedding of what `patches` shows alone; empty without.
  TokenMatrix patches;       ///< The picture's, or the item's that is read against captions; else empty.
  std::vector<Candidate> candidates;
  std::optional<double> stop_margin;  ///< Absent: reads all of them (early_stop.h).
  SearchAnswer answer;
  std::optional<Error> failure;

  bool alive() const { return !failure; }
  void FailWith(Error error) { failure = std::move(error); }

  /// Says that less was done than asked for, and why. Reasons add up.
  void Degrade(const std::string& reason) {
    answer.degraded = true;
    answer.degraded_reason += (answer.degraded_reason.empty() ? "" : "; ") + reason;
  }
};

}  // namespace sightline::query
