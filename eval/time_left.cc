// SPDX-License-Identifier: BSD-3-Clause
#include "eval/time_left.h"

#include <algorithm>

namespace sightline::eval {
namespace {

// The first queries of a run take longer: caches are empty.
constexpr double kFewestQueries = 5;

}  // namespace

void TimeLeft::Add(size_t depth, double seconds) {
  Answered& answered = answered_[depth];
  answered.queries += 1;
  answered.seconds += seconds;
}

std::optional<double> TimeLeft::Of(const std::map<size_t, size_t>& queries) const {
  double sum = 0;
  for (const auto& [depth, count] : queries) {
    if (count == 0) continue;
    const std::optional<double> seconds = SecondsAt(depth);
    if (!seconds) return std::nullopt;
    sum += *seconds * static_cast<double>(count);
  }
  return sum;
}

// The mean of that depth, else what the line through the means of the others says (least squares, by queries).
std::optional<double> TimeLeft::SecondsAt(size_t depth) const {
  if (const auto own = answered_.find(depth); own != answered_.end() && own->second.queries >= kFewestQueries) {
    return own->second.seconds / own->second.queries;
  }
  double weights = 0, depths = 0, seconds = 0;
  for (const auto& [at, answered] : answered_) {
    if (answered.queries < kFewestQueries) continue;
    weights += answered.queries;
    depths += answered.queries * static_cast<double>(at);
    seconds += answered.seconds;
  }
  double squares = 0, products = 0;
  for (const auto& [at, answered] : answered_) {
    if (answered.queries < kFewestQueries) continue;
    const double distance = static_cast<double>(at) - depths / weights;
    squares += answered.queries * distance * distance;
    products += distance * (answered.seconds - answered.queries * seconds / weights);
  }
  if (squares <= 0) return std::nullopt;
  const double per_candidate = std::max(products / squares, 0.0);
  return std::max(seconds / weights + per_candidate * (static_cast<double>(depth) - depths / weights), 0.0);
}

}  // namespace sightline::eval
