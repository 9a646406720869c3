// SPDX-License-Identifier: BSD-3-Clause
//
// Reading the patches of 64 candidates: from memory, from the page cache, and from the disk.
//   search_bench [--benchmark_filter=...]
#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "query/tokens.h"
#include "storage/collection.h"
#include "tests/storage/sample_records.h"
#include "tests/support/fake_encoder.h"
#include "tests/support/test_support.h"

namespace sightline::testing {
namespace {

using query::LoadTokens;
using query::TokenCache;
using query::WantedTokens;
using storage::Collection;

constexpr uint64_t kUnits = 2048;
constexpr size_t kDepth = 64;

/// A collection of kUnits pictures with the patches of the base model (197 x 768 int8): 310 MB.
const std::filesystem::path& Filled() {
  static const TempDir scratch;
  static const std::filesystem::path folder = [] {
    const auto path = scratch / "c";
    const auto made = Collection::Create(path, {"bench", "", 256, storage::PatchStorage::kInt8});
    SL_CHECK(made.has_value());
    const TokenMatrix tokens = RandomTokens(197, 768, storage::PatchStorage::kInt8, 1);
    std::vector<Sample> samples;
    for (uint64_t i = 0; i < kUnits; ++i) {
      samples.push_back(MakeSample(**made, "/p/" + std::to_string(i), i));
      samples.back().units[0].tokens = tokens;
      if (samples.size() < 64) continue;
      SL_CHECK((*made)->Commit(Put(samples)).has_value());
      samples.clear();
    }
    return path;
  }();
  return folder;
}

void DropFromPageCache(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const int fd = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    SL_CHECK(fd >= 0);
    SL_CHECK(::fdatasync(fd) == 0 && ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
    ::close(fd);
  }
}

std::vector<WantedTokens> Draw(std::mt19937_64& random, uint64_t among) {
  std::vector<WantedTokens> wanted;
  for (size_t i = 0; i < kDepth; ++i) wanted.push_back({UnitId{1 + random() % among}, Epoch{1}});
  return wanted;
}

/// @param among  how many units the candidates are drawn from.   @param budget_bytes  of the cache in memory.
void Load(benchmark::State& state, uint64_t among, size_t budget_bytes, bool from_disk) {
  storage::OpenOptions options;
  if (from_disk) options.block_cache_bytes = 1 << 20;
  const auto collection = Collection::Open(Filled(), options);
  SL_CHECK(collection.has_value());
  FakeEncoder encoder;
  TokenCache cache(budget_bytes);
  std::mt19937_64 random(1);
  size_t cached = 0;
  size_t read = 0;
  // What is warm before the clock runs.
  for (int i = 0; i < 64 && !from_disk; ++i) {
    SL_CHECK(LoadTokens(Draw(random, among), {**collection, encoder, cache}, {}).has_value());
  }
  for (auto _ : state) {
    state.PauseTiming();
    const auto wanted = Draw(random, among);
    if (from_disk) DropFromPageCache(Filled());
    state.ResumeTiming();
    const auto loaded = LoadTokens(wanted, {**collection, encoder, cache}, {});
    SL_CHECK(loaded.has_value());
    cached += loaded->cached.size();
    read += loaded->table.size();
  }
  state.counters["in_memory"] = read == 0 ? 0 : static_cast<double>(cached) / static_cast<double>(read);
}

constexpr size_t kBudget = 256u << 20;

void BM_FromMemory(benchmark::State& state) { Load(state, 512, kBudget, false); }
BENCHMARK(BM_FromMemory)->Unit(benchmark::kMillisecond);

void BM_FromBlockCache(benchmark::State& state) { Load(state, 512, 0, false); }
BENCHMARK(BM_FromBlockCache)->Unit(benchmark::kMillisecond);

void BM_FromPageCache(benchmark::State& state) { Load(state, kUnits, 0, false); }
BENCHMARK(BM_FromPageCache)->Unit(benchmark::kMillisecond);

void BM_FromDisk(benchmark::State& state) { Load(state, kUnits, 0, true); }
BENCHMARK(BM_FromDisk)->Unit(benchmark::kMillisecond)->Iterations(50);

}  // namespace
}  // namespace sightline::testing

BENCHMARK_MAIN();
