// SPDX-License-Identifier: BSD-3-Clause
//
// Recall, rate, memory and build time of every kind of segment on generated vectors (tests/bench/vector_data.h), beside
// FAISS's own indexes.
//   vector_bench [--rows 1000000] [--queries 1000] [--seconds 1] [--rounds 3] [--callers 64] [--lists 4096]
//                [--noise X] [--offset X] [--spectrum X] [--cache FOLDER] [--json FILE] [--npy FOLDER]
//                [--segments "flat int8;hnsw"] [--streamed 1 [--threads 2]]
// --streamed: rows that would not fit as floats, a segment of ivfpq_fastscan alone.
// Prints a Markdown table. Every search runs on its caller's thread alone. OMP_WAIT_POLICY=passive should be set.
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include <omp.h>
#include <sys/resource.h>

#include <fmt/format.h>

#include "base/check.h"
#include "tests/bench/bench_arguments.h"
#include "tests/bench/bench_measure.h"
#include "tests/bench/faiss_engines.h"
#include "tests/bench/segment_engines.h"
#include "tests/bench/vector_data.h"

namespace sightline::bench {
namespace {

std::vector<float> RowsOnAllCores(const VectorData& data, size_t rows) {
  std::vector<float> values(rows * data.dim());
  const size_t parts = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (size_t p = 0; p < parts; ++p) {
    const size_t begin = rows * p / parts;
    const size_t end = rows * (p + 1) / parts;
    threads.emplace_back([&, begin, end] { data.Rows(begin, end - begin, values.data() + begin * data.dim()); });
  }
  for (auto& thread : threads) thread.join();
  return values;
}

/// A file that numpy.load reads.
template <typename T>
void WriteNpy(const std::string& file, const std::vector<T>& values, size_t columns, const std::string& type) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" +
                       std::to_string(values.size() / columns) + ", " + std::to_string(columns) + "), }";
  header.resize((header.size() + 10 + 64) / 64 * 64 - 11, ' ');
  header += '\n';
  std::ofstream out(file, std::ios::binary);
  const char magic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0};
  const char size[] = {static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  out.write(magic, 8).write(size, 2) << header;
  out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
  SL_CHECK(out.good());
}

MeasureOptions OptionsOf(const Arguments& arguments) {
  return {.rounds = static_cast<int>(arguments.Count("rounds", 3)),
          .seconds = arguments.Number("seconds", 1),
          .callers = arguments.Count("callers", 64)};
}

void Report(const Arguments& arguments, const std::vector<Engine>& engines, const QuerySet& set, size_t baseline) {
  omp_set_num_threads(1);
  const auto measured = Measure(engines, set, OptionsOf(arguments));
  PrintMarkdown(engines, measured, baseline);
  if (!arguments.Text("json").empty()) WriteJsonLines(arguments.Text("json"), engines, measured);
}

/// Training with queries takes others than the search is measured with.
std::vector<float> TrainingQueries(const VectorData& data) { return data.Queries(1'000'000, 5000); }

/// Vectors are made as they are needed: rows that do not fit into memory as floats.
void RunStreamed(const Arguments& arguments, const VectorData& data, QuerySet set) {
  const size_t rows = arguments.Count("rows", 10'000'000);
  double start = WallSeconds();
  set.truth = ExactNearest(data, rows, set.queries, set.k);
  std::printf("%zu vectors, %zu queries; exact answers in %.1f s\n\n", rows, set.size(), WallSeconds() - start);
  std::fflush(stdout);
  omp_set_num_threads(static_cast<int>(arguments.Count("threads", 2)));
  const GeneratedRows source(data, rows, nullptr);
  std::vector<Engine> engines;
  for (const SegmentCase& segment_case : LargeSegmentCases(static_cast<uint32_t>(arguments.Count("lists", 8192)))) {
    for (Engine& engine : MakeSegmentEngines(source, segment_case, TrainingQueries(data), arguments.Text("cache"))) {
      engines.push_back(std::move(engine));
    }
  }
  if (engines.empty()) return;
  Report(arguments, engines, set, 0);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("\nmost memory in use: %.1f GiB\n", static_cast<double>(usage.ru_maxrss) / (1 << 20));
}

void Run(const Arguments& arguments) {
  VectorRecipe recipe;
  recipe.noise = arguments.Number("noise", recipe.noise);
  recipe.query_offset = arguments.Number("offset", recipe.query_offset);
  recipe.spectrum = arguments.Number("spectrum", recipe.spectrum);
  const VectorData data(recipe);
  QuerySet set;
  set.dim = data.dim();
  set.queries = data.Queries(0, arguments.Count("queries", 1000));
  if (arguments.Count("streamed", 0) != 0) return RunStreamed(arguments, data, std::move(set));
  const double start = WallSeconds();
  const std::vector<float> vectors = RowsOnAllCores(data, arguments.Count("rows", 1'000'000));
  const double generated = WallSeconds();
  set.truth = ExactNearest(vectors, set.dim, set.queries, set.k);
  std::printf("%zu vectors, %zu queries; generated in %.1f s, exact answers in %.1f s\n\n", vectors.size() / set.dim,
              set.size(), generated - start, WallSeconds() - generated);
  std::fflush(stdout);
  const std::string folder = arguments.Text("npy");
  if (!folder.empty()) {
    WriteNpy(folder + "/vectors.npy", vectors, set.dim, "<f4");
    WriteNpy(folder + "/queries.npy", set.queries, set.dim, "<f4");
    WriteNpy(folder + "/truth.npy", set.truth, set.k, "<i8");
  }
  const std::string cache = arguments.Text("cache");
  auto engines = MakeFaissEngines(vectors, set.dim, arguments.Count("lists", 4096), {16, 32, 40, 64, 128},
                                  {16, 64, 128}, cache.empty() ? "" : cache + "/hnsw32.faiss");
  const std::string names = fmt::format(";{};", arguments.Text("segments"));
  const GeneratedRows source(data, vectors.size() / set.dim, &vectors);
  for (const SegmentCase& segment_case : StandardSegmentCases()) {
    if (names != ";;" && names.find(fmt::format(";{};", segment_case.name)) == std::string::npos) continue;
    for (Engine& engine : MakeSegmentEngines(source, segment_case, TrainingQueries(data), cache)) {
      engines.push_back(std::move(engine));
    }
  }
  Report(arguments, engines, set, 2);
}

}  // namespace
}  // namespace sightline::bench

int main(int argc, char** argv) {
  sightline::bench::Run(sightline::bench::Arguments(argc, argv));
  return 0;
}
