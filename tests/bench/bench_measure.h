// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sightline::bench {

/// One way to answer queries: a row of the table. `search` is called by many threads at once and writes `k` ids, -1
/// where it found fewer.
struct Engine {
  std::string index;    ///< What is searched.
  std::string setting;  ///< With which parameters.
  double bytes_per_vector = 0;
  double train_seconds = 0;
  double add_seconds = 0;
  std::function<void(const float* query, size_t k, int64_t* ids)> search;
  std::function<void()> prepare{};  ///< Called before a run of searches; may be empty.
};

struct Measured {
  double recall = 0;
  double rate_alone = 0;       ///< Queries per second of one thread, one query after the other, by its CPU time.
  double rate_concurrent = 0;  ///< Queries per second of all callers together, by the wall clock.
  double p50_ms = 0;           ///< One caller, wall clock.
  double p99_ms = 0;
};

/// Queries and their exact answers.
struct QuerySet {
  size_t dim = 0;
  size_t k = 10;
  std::vector<float> queries;
  std::vector<int64_t> truth;  ///< k per query.

  size_t size() const { return queries.size() / dim; }
};

struct MeasureOptions {
  int rounds = 3;       ///< Of all engines in turn, so that other work on the machine hits all; the best counts.
  double seconds = 1;   ///< Per engine, round and kind of rate.
  size_t callers = 64;  ///< Threads that call at once; 0: not measured.
};

double WallSeconds();
/// CPU time of the calling thread.
double ThreadSeconds();

/// The share of the true k nearest that is found.
double Recall(const Engine& engine, const QuerySet& queries);
std::vector<Measured> Measure(const std::vector<Engine>& engines, const QuerySet& queries,
                              const MeasureOptions& options);

/// A Markdown table; `baseline` is the row that ratios of rates and memory are taken to.
void PrintMarkdown(const std::vector<Engine>& engines, const std::vector<Measured>& measured, size_t baseline);
/// One JSON object per line.
void WriteJsonLines(const std::string& file, const std::vector<Engine>& engines, const std::vector<Measured>& measured);

}  // namespace sightline::bench
