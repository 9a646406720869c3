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

/// One unit that the coarse stage found, and what the fusion encoder said about it.
struct Candidate {
  UnitId unit;
  ItemId item;
  UnitType type = UnitType::kImage;
  std::optional<TimeRange> range;
  std::optional<int64_t> best_frame_us;
  float coarse_score = 0;
  float words_score = 0;  ///< What the rank score counts: cosine of the words alone. The coarse score unless joined.
  std::optional<float> match_logit = std::nullopt;
  std::optional<double> rank_score = std::nullopt;
  std::optional<double> match_probability = std::nullopt;
};

/// One request of a batch on its way through the stages. A failure ends it; the others go on.
struct SearchState {
  const SearchRequest* request = nullptr;
  Plan plan;
  Embedding query_vector;
  Embedding words_vector;    ///< Embedding of the words alone; empty without words.
  TokenMatrix token_states;  ///< Empty without words.
  std::vector<Candidate> candidates;
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
