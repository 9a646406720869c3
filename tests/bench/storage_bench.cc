// SPDX-License-Identifier: BSD-3-Clause
//
// Exact search, opening, committing and reading patches of an embedded collection of 256-d vectors.
//   storage_bench [--benchmark_filter=...]
#include <map>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "storage/collection.h"
#include "tests/storage/sample_records.h"
#include "tests/support/test_support.h"

namespace sightline::testing {
namespace {

using storage::Collection;

constexpr uint32_t kDim = 256;
constexpr uint32_t kTokens = 197;
constexpr uint32_t kWidth = 768;

/// A folder with a collection of `units` image units with metadata and no patches, made once per size.
std::filesystem::path CollectionOf(uint64_t units) {
  static TempDir scratch;
  const std::filesystem::path folder = scratch / std::to_string(units);
  if (std::filesystem::exists(folder)) return folder;
  auto made = Collection::Create(folder, {"bench", "", kDim, storage::PatchStorage::kNone});
  SL_CHECK(made.has_value());
  storage::WriteSet changes;
  for (uint64_t i = 0; i < units; ++i) {
    Sample sample = MakeSample(**made, "/p/" + std::to_string(i), i);
    changes.put_items.push_back(std::move(sample.item));
    changes.put_units.push_back(std::move(sample.units[0]));
    if (changes.put_items.size() < 2000 && i + 1 < units) continue;
    SL_CHECK((*made)->Commit(changes).has_value());
    changes = {};
  }
  return folder;
}

/// Opened once per size and kept, one at a time.
Collection& Opened(uint64_t units) {
  static std::map<uint64_t, std::unique_ptr<Collection>> open;
  if (open.count(units) == 0) {
    open.clear();
    auto opened = Collection::Open(CollectionOf(units));
    SL_CHECK(opened.has_value());
    open[units] = *std::move(opened);
  }
  return *open[units];
}

// Before the searches, which keep a collection open.
void BM_Open(benchmark::State& state) {
  const auto folder = CollectionOf(static_cast<uint64_t>(state.range(0)));
  for (auto _ : state) {
    auto opened = Collection::Open(folder);
    SL_CHECK(opened.has_value());
    state.PauseTiming();
    opened->reset();
    state.ResumeTiming();
  }
}
BENCHMARK(BM_Open)->Arg(10'000)->Arg(100'000)->Arg(200'000)->Unit(benchmark::kMillisecond);

void Search(benchmark::State& state, const Filter* filter) {
  Collection& collection = Opened(static_cast<uint64_t>(state.range(0)));
  const auto view = collection.View();
  uint64_t seed = 1'000'000;
  for (auto _ : state) {
    state.PauseTiming();
    const Embedding query = RandomEmbedding(kDim, ++seed);
    state.ResumeTiming();
    auto found = view->Search(query, {.k = 128, .filter = filter, .limits = {}});
    SL_CHECK(found.has_value());
    benchmark::DoNotOptimize(found);
  }
}

void BM_Search(benchmark::State& state) { Search(state, nullptr); }
BENCHMARK(BM_Search)->Arg(10'000)->Arg(100'000)->Arg(200'000)->Unit(benchmark::kMillisecond);

void BM_SearchHalfFiltered(benchmark::State& state) {
  Filter filter;
  filter.must.push_back(MatchCondition{"parity", {std::string("even")}});
  Search(state, &filter);
}
BENCHMARK(BM_SearchHalfFiltered)->Arg(10'000)->Arg(100'000)->Arg(200'000)->Unit(benchmark::kMillisecond);

void BM_SearchFewMatch(benchmark::State& state) {
  Filter filter;
  filter.must.push_back(RangeCondition{.key = "seed", .gt = {}, .gte = {}, .lt = int64_t{10}, .lte = {}});
  Search(state, &filter);
}
BENCHMARK(BM_SearchFewMatch)->Arg(10'000)->Arg(100'000)->Arg(200'000)->Unit(benchmark::kMillisecond);

void BM_SearchOnePercentMatch(benchmark::State& state) {
  Filter filter;
  filter.must.push_back(RangeCondition{.key = "seed", .gt = {}, .gte = {}, .lt = state.range(0) / 100, .lte = {}});
  filter.must_not.push_back(MatchCondition{"album", {std::string("none")}});
  Search(state, &filter);
}
BENCHMARK(BM_SearchOnePercentMatch)->Arg(10'000)->Arg(100'000)->Arg(200'000)->Unit(benchmark::kMillisecond);

/// Every search asks for something that was not asked before: what is kept of earlier ones does not help.
void BM_SearchOnePercentMatchAnew(benchmark::State& state) {
  Collection& collection = Opened(static_cast<uint64_t>(state.range(0)));
  const auto view = collection.View();
  const Embedding query = RandomEmbedding(kDim, 1);
  int64_t first = 0;
  for (auto _ : state) {
    Filter filter;
    filter.must.push_back(
        RangeCondition{.key = "seed", .gt = {}, .gte = first, .lt = first + state.range(0) / 100, .lte = {}});
    auto found = view->Search(query, {.k = 128, .filter = &filter, .limits = {}});
    SL_CHECK(found.has_value());
    first = (first + 7) % (state.range(0) * 9 / 10);
  }
}
BENCHMARK(BM_SearchOnePercentMatchAnew)->Arg(10'000)->Arg(100'000)->Arg(200'000)->Unit(benchmark::kMillisecond);

/// One synced commit of 1,000 items with the metadata of a photograph and nothing else.
void BM_CommitItems(benchmark::State& state) {
  const TempDir scratch;
  auto made = Collection::Create(scratch / "c", {"bench", "", kDim, storage::PatchStorage::kNone});
  SL_CHECK(made.has_value());
  int64_t next = 0;
  for (auto _ : state) {
    state.PauseTiming();
    storage::WriteSet changes;
    for (int i = 0; i < 1000; ++i, ++next) {
      Sample sample = MakeSample(**made, "/home/somebody/Pictures/2024/IMG_" + std::to_string(next) + ".jpg",
                                 static_cast<uint64_t>(next));
      sample.item.metadata = {{"taken_at", {Timestamp{1'700'000'000 + next}}},
                              {"camera", {std::string("Maker Model 5")}},
                              {"latitude", {41.9 + static_cast<double>(next) * 1e-5}},
                              {"longitude", {12.5}},
                              {"album", {"Album " + std::to_string(next / 200)}},
                              {"tags", {std::string("beach"), std::string("evening")}}};
      changes.put_items.push_back(std::move(sample.item));
      changes.put_units.push_back(std::move(sample.units[0]));
    }
    state.ResumeTiming();
    SL_CHECK((*made)->Commit(changes).has_value());
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(BM_CommitItems)->Unit(benchmark::kMillisecond)->Iterations(50);

/// One synced commit of 16 pictures with the patches of the base model.
void BM_CommitWithPatches(benchmark::State& state) {
  const TempDir scratch;
  auto made = Collection::Create(scratch / "c", {"bench", "", kDim, storage::PatchStorage::kInt8});
  SL_CHECK(made.has_value());
  const TokenMatrix tokens = RandomTokens(kTokens, kWidth, storage::PatchStorage::kInt8, 1);
  uint64_t next = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Sample> samples;
    for (int i = 0; i < 16; ++i, ++next) {
      samples.push_back(MakeSample(**made, "/p/" + std::to_string(next), next));
      samples.back().units[0].tokens = tokens;
    }
    const auto changes = Put(samples);
    state.ResumeTiming();
    SL_CHECK((*made)->Commit(changes).has_value());
  }
  state.SetItemsProcessed(state.iterations() * 16);
}
BENCHMARK(BM_CommitWithPatches)->Unit(benchmark::kMillisecond)->Iterations(100);

void BM_GetTokens(benchmark::State& state) {
  const TempDir scratch;
  auto made = Collection::Create(scratch / "c", {"bench", "", kDim, storage::PatchStorage::kInt8});
  SL_CHECK(made.has_value());
  const TokenMatrix tokens = RandomTokens(kTokens, kWidth, storage::PatchStorage::kInt8, 1);
  constexpr uint64_t kUnits = 2048;
  std::vector<Sample> samples;
  for (uint64_t i = 0; i < kUnits; ++i) {
    samples.push_back(MakeSample(**made, "/p/" + std::to_string(i), i));
    samples.back().units[0].tokens = tokens;
    if (samples.size() < 64) continue;
    SL_CHECK((*made)->Commit(Put(samples)).has_value());
    samples.clear();
  }
  std::mt19937_64 random(1);
  std::vector<UnitId> wanted(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    for (UnitId& unit : wanted) unit.value = 1 + random() % kUnits;
    auto found = (*made)->records().GetTokens(wanted);
    SL_CHECK(found.has_value() && found->front().has_value());
    benchmark::DoNotOptimize(found);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * static_cast<int64_t>(tokens.size_bytes()));
}
BENCHMARK(BM_GetTokens)->Arg(1)->Arg(16)->Arg(64)->Arg(128)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sightline::testing

BENCHMARK_MAIN();
