// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/bench_measure.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "base/check.h"

namespace sightline::bench {
namespace {

void Prepare(const Engine& engine) {
  if (engine.prepare) engine.prepare();
}

double RateAlone(const Engine& engine, const QuerySet& set, double seconds, std::vector<double>& latencies) {
  Prepare(engine);
  std::vector<int64_t> ids(set.k);
  const double start = ThreadSeconds();
  const double end = WallSeconds() + 4 * seconds;
  size_t done = 0;
  while (ThreadSeconds() - start < seconds && WallSeconds() < end) {
    for (int i = 0; i < 16; ++i, ++done) {
      const double begin = WallSeconds();
      engine.search(set.queries.data() + done % set.size() * set.dim, set.k, ids.data());
      latencies.push_back(WallSeconds() - begin);
    }
  }
  return static_cast<double>(done) / (ThreadSeconds() - start);
}

double RateConcurrent(const Engine& engine, const QuerySet& set, double seconds, size_t callers) {
  Prepare(engine);
  std::atomic<size_t> next = 0;
  std::atomic<size_t> done = 0;
  const double start = WallSeconds();
  std::vector<std::thread> threads;
  for (size_t t = 0; t < callers; ++t) {
    threads.emplace_back([&] {
      std::vector<int64_t> ids(set.k);
      while (WallSeconds() - start < seconds) {
        engine.search(set.queries.data() + next++ % set.size() * set.dim, set.k, ids.data());
        ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  return static_cast<double>(done) / (WallSeconds() - start);
}

double Quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<size_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

}  // namespace

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double Recall(const Engine& engine, const QuerySet& set) {
  Prepare(engine);
  std::vector<int64_t> ids(set.k);
  size_t found = 0;
  for (size_t q = 0; q < set.size(); ++q) {
    engine.search(set.queries.data() + q * set.dim, set.k, ids.data());
    const auto truth = set.truth.begin() + static_cast<std::ptrdiff_t>(q * set.k);
    for (const int64_t id : ids)
      found += std::find(truth, truth + static_cast<std::ptrdiff_t>(set.k), id) !=
               truth + static_cast<std::ptrdiff_t>(set.k);
  }
  return static_cast<double>(found) / static_cast<double>(set.size() * set.k);
}

std::vector<Measured> Measure(const std::vector<Engine>& engines, const QuerySet& set, const MeasureOptions& options) {
  SL_CHECK(set.truth.size() == set.size() * set.k);
  std::vector<Measured> results(engines.size());
  std::vector<std::vector<double>> latencies(engines.size());
  for (size_t e = 0; e < engines.size(); ++e) results[e].recall = Recall(engines[e], set);
  for (int round = 0; round < options.rounds; ++round) {
    for (size_t e = 0; e < engines.size(); ++e) {
      Measured& result = results[e];
      result.rate_alone = std::max(result.rate_alone, RateAlone(engines[e], set, options.seconds, latencies[e]));
      if (options.callers == 0) continue;
      result.rate_concurrent =
          std::max(result.rate_concurrent, RateConcurrent(engines[e], set, options.seconds, options.callers));
    }
  }
  for (size_t e = 0; e < engines.size(); ++e) {
    results[e].p50_ms = 1e3 * Quantile(latencies[e], 0.5);
    results[e].p99_ms = 1e3 * Quantile(latencies[e], 0.99);
  }
  return results;
}

void PrintMarkdown(const std::vector<Engine>& engines, const std::vector<Measured>& measured, size_t baseline) {
  std::printf(
      "| index | setting | train s | add s | bytes/vector | memory | recall@10 | q/s alone | ratio | q/s at 64 | "
      "ratio | p50 ms | p99 ms |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
  const auto over = [](double value, double reference) { return reference > 0 ? value / reference : 0.0; };
  for (size_t i = 0; i < engines.size(); ++i) {
    const Engine& engine = engines[i];
    const Measured& m = measured[i];
    std::printf("| %s | %s | %.1f | %.1f | %.0f | %.2fx | %.3f | %.0f | %.2fx | %.0f | %.2fx | %.2f | %.2f |\n",
                engine.index.c_str(), engine.setting.c_str(), engine.train_seconds, engine.add_seconds,
                engine.bytes_per_vector, over(engine.bytes_per_vector, engines[baseline].bytes_per_vector), m.recall,
                m.rate_alone, over(m.rate_alone, measured[baseline].rate_alone), m.rate_concurrent,
                over(m.rate_concurrent, measured[baseline].rate_concurrent), m.p50_ms, m.p99_ms);
  }
  std::fflush(stdout);
}

void WriteJsonLines(const std::string& file, const std::vector<Engine>& engines,
                    const std::vector<Measured>& measured) {
  std::FILE* out = std::fopen(file.c_str(), "w");
  SL_CHECK(out != nullptr);
  for (size_t i = 0; i < engines.size(); ++i) {
    const Engine& engine = engines[i];
    const Measured& m = measured[i];
    std::fprintf(out,
                 "{\"index\": \"%s\", \"setting\": \"%s\", \"train_s\": %.3f, \"add_s\": %.3f, \"bytes_per_vector\": "
                 "%.1f, \"recall_at_10\": %.4f, \"queries_per_second_alone\": %.1f, \"queries_per_second_64\": %.1f, "
                 "\"p50_ms\": %.4f, \"p99_ms\": %.4f}\n",
                 engine.index.c_str(), engine.setting.c_str(), engine.train_seconds, engine.add_seconds,
                 engine.bytes_per_vector, m.recall, m.rate_alone, m.rate_concurrent, m.p50_ms, m.p99_ms);
  }
  std::fclose(out);
}

}  // namespace sightline::bench
