// SPDX-License-Identifier: BSD-3-Clause
//
// A collection of generated vectors while it changes: searches during a background seal, deletes, filters.
//   collection_bench [--kind ivfpq_fastscan] [--rows 200000] [--folder FOLDER]
// Half of the rows are sealed first; the other half is sealed while searches are timed.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "storage/collection.h"
#include "tests/bench/bench_arguments.h"
#include "tests/bench/bench_collection.h"
#include "tests/bench/bench_measure.h"
#include "tests/bench/faiss_engines.h"
#include "tests/bench/vector_data.h"

namespace sightline::bench {
namespace {

using storage::Collection;
using storage::IndexView;

constexpr size_t kQueries = 200;
constexpr size_t kFilterGroups = 100;

class Program {
 public:
  explicit Program(const Arguments& arguments)
      : data_(VectorRecipe{}), rows_(arguments.Count("rows", 200'000)), queries_(data_.Queries(0, kQueries)) {
    storage::IndexOptions options;
    options.kind = Must(storage::ParseIndexKind(arguments.Text("kind", "ivfpq_fastscan")));
    options.seal_rows = rows_ * 2;  // Seals happen when they are asked for.
    collection_ = MakeCollection(arguments.Text("folder", "/tmp/collection_bench"), data_.dim(), options);
  }

  void Run() {
    Add(rows_ / 2);
    const double start = WallSeconds();
    Must(collection_->SealNow());
    std::printf("first seal of %zu rows: %.1f s\n", rows_ / 2, WallSeconds() - start);
    Add(rows_ / 2);
    SearchDuringSeal();
    Filters();
    Deletes();
  }

 private:
  void Add(size_t count) {
    const std::vector<float> vectors = data_.Rows(added_, count);
    const double start = WallSeconds();
    AddVectors(*collection_, vectors, added_, kFilterGroups);
    added_ += count;
    std::printf("committed %zu vectors: %.0f/s\n", count, static_cast<double>(count) / (WallSeconds() - start));
  }

  std::span<const float> Query(size_t i) const { return {queries_.data() + i % kQueries * data_.dim(), data_.dim()}; }

  std::vector<storage::Neighbor> Search(const IndexView& view, size_t query, const Filter* filter = nullptr) const {
    return Must(view.Search(Query(query), {.k = 10, .filter = filter, .limits = {}}));
  }

  /// Latencies in ms of one caller with pauses, as a person's searches, until `is_over`.
  template <typename Predicate>
  std::vector<double> Latencies(const Predicate& is_over) const {
    std::vector<double> latencies;
    for (size_t i = 0; !is_over(i); ++i) {
      const double start = WallSeconds();
      Search(*collection_->View(), i);
      latencies.push_back(1e3 * (WallSeconds() - start));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    std::sort(latencies.begin(), latencies.end());
    return latencies;
  }

  static void PrintLatencies(const char* name, const std::vector<double>& sorted) {
    const auto at = [&](double share) {
      return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
    };
    std::printf("%s: %zu searches, p50 %.2f ms, p99 %.2f ms\n", name, sorted.size(), at(0.5), at(0.99));
    std::fflush(stdout);
  }

  void SearchDuringSeal() {
    const auto quiet = Latencies([](size_t i) { return i == 1500; });
    PrintLatencies("quiet, half of the rows in no segment", quiet);
    std::atomic<bool> is_sealed = false;
    double seconds = 0;
    std::thread sealer([&] {
      const double start = WallSeconds();
      Must(collection_->SealNow());
      seconds = WallSeconds() - start;
      is_sealed = true;
    });
    const auto busy = Latencies([&](size_t) { return is_sealed.load(); });
    sealer.join();
    PrintLatencies("during a seal", busy);
    std::printf("seal while searching: %.1f s\n", seconds);
    const auto after = Latencies([](size_t i) { return i == 1500; });
    PrintLatencies("quiet, all sealed", after);
    const auto p99 = [](const std::vector<double>& sorted) {
      return sorted[static_cast<size_t>(0.99 * static_cast<double>(sorted.size() - 1))];
    };
    std::printf("p99 during the seal: %.2fx quiet before, %.2fx quiet after\n", p99(busy) / p99(quiet),
                p99(busy) / p99(after));
  }

  void Filters() {
    const std::vector<float> vectors = data_.Rows(0, added_);
    const auto exact = [&](const std::vector<float>& of, size_t stride, size_t first) {
      std::vector<int64_t> rows = ExactNearest(of, data_.dim(), queries_, 10);
      for (int64_t& row : rows) row = row * static_cast<int64_t>(stride) + static_cast<int64_t>(first);
      return rows;
    };
    const auto recall = [&](const Filter* filter, const std::vector<int64_t>& truth) {
      size_t found = 0;
      const double start = WallSeconds();
      for (size_t q = 0; q < kQueries; ++q) {
        for (const auto& hit : Search(*collection_->View(), q, filter)) {
          const auto begin = truth.begin() + static_cast<std::ptrdiff_t>(10 * q);
          found += std::count(begin, begin + 10, static_cast<int64_t>(hit.unit.value) - 1);
        }
      }
      const double each = (WallSeconds() - start) / kQueries;
      std::printf("recall@10 %.3f, %.2f ms each", static_cast<double>(found) / (10 * kQueries), 1e3 * each);
    };
    std::printf("without a filter: ");
    recall(nullptr, exact(vectors, 1, 0));
    constexpr size_t kGroup = 7;
    std::vector<float> matching;
    for (size_t row = kGroup; row < added_; row += kFilterGroups) {
      const auto begin = vectors.begin() + static_cast<std::ptrdiff_t>(row * data_.dim());
      matching.insert(matching.end(), begin, begin + static_cast<std::ptrdiff_t>(data_.dim()));
    }
    Filter filter;
    filter.must.push_back(MatchCondition{"group", {static_cast<int64_t>(kGroup)}});
    std::printf("\nwith a filter that 1 %% pass: ");
    recall(&filter, exact(matching, kFilterGroups, kGroup));
    std::printf("\n");
  }

  /// Removes the best hit of a query, again and again; the next search must not find it.
  void Deletes() {
    constexpr size_t kDeletes = 3000;
    double removing = 0;
    size_t seen = 0;
    for (size_t i = 0; i < kDeletes; ++i) {
      const auto best = Search(*collection_->View(), i);
      storage::WriteSet changes;
      changes.remove_items.push_back({best.front().unit.value});
      const double start = WallSeconds();
      Must(collection_->Commit(changes));
      removing += WallSeconds() - start;
      const auto next = Search(*collection_->View(), i);
      seen += next.front().unit != best.front().unit;
    }
    std::printf("deletes: %.0f/s, one synced commit each; gone from the next search: %zu of %zu\n", kDeletes / removing,
                seen, kDeletes);
  }

  const VectorData data_;
  const size_t rows_;
  const std::vector<float> queries_;
  std::unique_ptr<Collection> collection_;
  size_t added_ = 0;
};

}  // namespace
}  // namespace sightline::bench

int main(int argc, char** argv) {
  const sightline::bench::Arguments arguments(argc, argv);
  sightline::bench::Program(arguments).Run();
  return 0;
}
