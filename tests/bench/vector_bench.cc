// SPDX-License-Identifier: BSD-3-Clause
//
// Recall, rate, memory and build time of FAISS's own indexes on generated vectors (tests/bench/vector_data.h).
//   vector_bench [--rows 1000000] [--queries 1000] [--seconds 1] [--rounds 3] [--callers 64] [--lists 4096]
//                [--noise X] [--offset X] [--spectrum X] [--cache FOLDER] [--json FILE] [--npy FOLDER]
// Prints a Markdown table. Every search runs on its caller's thread alone. OMP_WAIT_POLICY=passive should be set.
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include <omp.h>

#include "base/check.h"
#include "tests/bench/bench_arguments.h"
#include "tests/bench/bench_measure.h"
#include "tests/bench/faiss_engines.h"
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

void Run(const Arguments& arguments) {
  VectorRecipe recipe;
  recipe.noise = arguments.Number("noise", recipe.noise);
  recipe.query_offset = arguments.Number("offset", recipe.query_offset);
  recipe.spectrum = arguments.Number("spectrum", recipe.spectrum);
  const VectorData data(recipe);
  const double start = WallSeconds();
  const std::vector<float> vectors = RowsOnAllCores(data, arguments.Count("rows", 1'000'000));
  const double generated = WallSeconds();
  QuerySet set;
  set.dim = data.dim();
  set.queries = data.Queries(0, arguments.Count("queries", 1000));
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
  const auto engines = MakeFaissEngines(vectors, set.dim, arguments.Count("lists", 4096), {16, 32, 64, 128},
                                        {16, 64, 128}, cache.empty() ? "" : cache + "/hnsw32.faiss");
  omp_set_num_threads(1);
  const auto measured = Measure(engines, set,
                                {.rounds = static_cast<int>(arguments.Count("rounds", 3)),
                                 .seconds = arguments.Number("seconds", 1),
                                 .callers = arguments.Count("callers", 64)});
  PrintMarkdown(engines, measured, 2);
  if (!arguments.Text("json").empty()) WriteJsonLines(arguments.Text("json"), engines, measured);
}

}  // namespace
}  // namespace sightline::bench

int main(int argc, char** argv) {
  sightline::bench::Run(sightline::bench::Arguments(argc, argv));
  return 0;
}
