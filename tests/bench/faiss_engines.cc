// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/faiss_engines.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <utility>

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/index_io.h>

namespace sightline::bench {
namespace {

using Idx = faiss::Index::idx_t;

constexpr int kLinks = 32;

double HnswBytes(const faiss::IndexHNSW& index) {
  const faiss::HNSW& graph = index.hnsw;
  const double links = static_cast<double>(graph.neighbors.size() * sizeof(graph.neighbors[0]) +
                                           graph.offsets.size() * sizeof(graph.offsets[0]) +
                                           graph.levels.size() * sizeof(graph.levels[0]));
  return links / static_cast<double>(index.ntotal) + static_cast<double>(index.d) * sizeof(float);
}

/// The graph alone is cached: its vectors are those of `flat`.
std::shared_ptr<faiss::IndexHNSW> MakeHnsw(const std::shared_ptr<faiss::IndexFlat>& flat,
                                           const std::vector<float>& vectors, const std::string& cache,
                                           double& seconds) {
  const size_t count = vectors.size() / static_cast<size_t>(flat->d);
  std::ifstream kept(cache + ".seconds");
  if (!cache.empty() && kept >> seconds) {
    auto* read = dynamic_cast<faiss::IndexHNSW*>(faiss::read_index(cache.c_str()));
    return std::shared_ptr<faiss::IndexHNSW>(read);
  }
  auto built = std::make_shared<faiss::IndexHNSWFlat>(flat->d, kLinks, faiss::METRIC_INNER_PRODUCT);
  const double start = WallSeconds();
  built->add(static_cast<Idx>(count), vectors.data());
  seconds = WallSeconds() - start;
  if (!cache.empty()) {
    faiss::write_index(built.get(), cache.c_str());
    std::ofstream(cache + ".seconds") << seconds;
  }
  return built;
}

}  // namespace

std::vector<int64_t> ExactNearest(const std::vector<float>& vectors, size_t dim, const std::vector<float>& queries,
                                  size_t k) {
  faiss::IndexFlatIP flat(static_cast<Idx>(dim));
  const auto count = static_cast<Idx>(queries.size() / dim);
  flat.add(static_cast<Idx>(vectors.size() / dim), vectors.data());
  std::vector<float> scores(static_cast<size_t>(count) * k);
  std::vector<Idx> ids(scores.size());
  flat.search(count, queries.data(), static_cast<Idx>(k), scores.data(), ids.data());
  return {ids.begin(), ids.end()};
}

std::vector<int64_t> ExactNearest(const VectorData& data, size_t rows, const std::vector<float>& queries, size_t k) {
  constexpr size_t kBlock = 100'000;
  const size_t count = queries.size() / data.dim();
  using Hit = std::pair<float, Idx>;
  std::vector<std::vector<Hit>> best(count);
  std::vector<float> scores(count * k);
  std::vector<Idx> ids(count * k);
  for (size_t begin = 0; begin < rows; begin += kBlock) {
    const std::vector<float> block = data.Rows(begin, std::min(kBlock, rows - begin));
    faiss::IndexFlatIP flat(static_cast<Idx>(data.dim()));
    flat.add(static_cast<Idx>(block.size() / data.dim()), block.data());
    flat.search(static_cast<Idx>(count), queries.data(), static_cast<Idx>(k), scores.data(), ids.data());
    for (size_t i = 0; i < scores.size(); ++i) best[i / k].emplace_back(scores[i], ids[i] + static_cast<Idx>(begin));
    for (auto& hits : best) {
      std::sort(hits.begin(), hits.end(), std::greater<>());
      hits.resize(k);
    }
  }
  std::vector<int64_t> nearest;
  for (const auto& hits : best) {
    for (const Hit& hit : hits) nearest.push_back(hit.second);
  }
  return nearest;
}

std::vector<Engine> MakeFaissEngines(const std::vector<float>& vectors, size_t dim, size_t lists,
                                     const std::vector<int>& ef_searches, const std::vector<int>& probes,
                                     const std::string& hnsw_cache) {
  std::vector<Engine> engines;
  const auto count = static_cast<Idx>(vectors.size() / dim);
  const auto flat = std::make_shared<faiss::IndexFlatIP>(static_cast<Idx>(dim));
  const double start = WallSeconds();
  flat->add(count, vectors.data());
  const auto search = [](const faiss::Index& index, const float* query, size_t k, int64_t* ids,
                         const faiss::SearchParameters* parameters) {
    std::vector<float> scores(k);
    index.search(1, query, static_cast<Idx>(k), scores.data(), ids, parameters);
  };
  engines.push_back({"FAISS IndexFlatIP", "exact", static_cast<double>(dim * sizeof(float)), 0, WallSeconds() - start,
                     [=](const float* query, size_t k, int64_t* ids) { search(*flat, query, k, ids, nullptr); }});
  if (!ef_searches.empty()) {
    double seconds = 0;
    const auto hnsw = MakeHnsw(flat, vectors, hnsw_cache, seconds);
    for (const int ef : ef_searches) {
      // FAISS 1.7.3 takes no notice of SearchParametersHNSW::efSearch.
      const auto set_ef = [=] {
        if (hnsw->hnsw.efSearch != ef) hnsw->hnsw.efSearch = ef;
      };
      engines.push_back({"FAISS HNSW32", "ef " + std::to_string(ef), HnswBytes(*hnsw), 0, seconds,
                         [=](const float* query, size_t k, int64_t* ids) { search(*hnsw, query, k, ids, nullptr); },
                         set_ef});
    }
  }
  if (lists > 0) {
    const auto quantizer = std::make_shared<faiss::IndexFlatIP>(static_cast<Idx>(dim));
    const auto ivf = std::make_shared<faiss::IndexIVFFlat>(quantizer.get(), dim, lists, faiss::METRIC_INNER_PRODUCT);
    ivf->cp.max_points_per_centroid = 35;
    const double begin = WallSeconds();
    ivf->train(std::min<Idx>(count, static_cast<Idx>(35 * lists)), vectors.data());
    const double trained = WallSeconds();
    ivf->add(count, vectors.data());
    const double added = WallSeconds();
    for (const int probe : probes) {
      faiss::SearchParametersIVF parameters;
      parameters.nprobe = static_cast<size_t>(probe);
      engines.push_back({"FAISS IVF" + std::to_string(lists) + ",Flat", "probes " + std::to_string(probe),
                         static_cast<double>(dim * sizeof(float) + sizeof(Idx)), trained - begin, added - trained,
                         [=, keep = quantizer](const float* query, size_t k, int64_t* ids) {
                           search(*ivf, query, k, ids, &parameters);
                         }});
    }
  }
  return engines;
}

}  // namespace sightline::bench
