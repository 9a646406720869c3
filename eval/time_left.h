// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <map>
#include <optional>

namespace sightline::eval {

/// Tells from the queries that were answered how long others will take. A query costs something by itself and something
/// for each candidate that it reads. Which is how much differs widely between models, machines and sets, and shows only
/// when queries of two depths were answered: before that nothing is said about other depths. Thread-compatible.
class TimeLeft {
 public:
  /// A query that read `depth` candidates was answered in so many seconds.
  void Add(size_t depth, double seconds);

  /// Seconds that so many queries of each depth will take. Absent where that cannot be known yet.
  std::optional<double> Of(const std::map<size_t, size_t>& queries) const;

 private:
  struct Answered {
    double queries = 0;
    double seconds = 0;
  };
  std::optional<double> SecondsAt(size_t depth) const;

  std::map<size_t, Answered> answered_;  // By depth.
};

}  // namespace sightline::eval
