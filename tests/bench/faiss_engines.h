// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/bench_measure.h"
#include "tests/bench/vector_data.h"

namespace sightline::bench {

/// The k nearest by exact search, best first.
std::vector<int64_t> ExactNearest(const std::vector<float>& vectors, size_t dim, const std::vector<float>& queries,
                                  size_t k);
/// The same over the first `rows` generated vectors, which are made block by block.
std::vector<int64_t> ExactNearest(const VectorData& data, size_t rows, const std::vector<float>& queries, size_t k);

/// FAISS's own indexes over `vectors`, built here. The first is IndexFlatIP, the next IndexHNSWFlat (M 32), the next
/// IVF4096,Flat when `lists` is set.
/// @param hnsw_cache  file that the graph is kept in from run to run, with its build time; empty: built every time.
std::vector<Engine> MakeFaissEngines(const std::vector<float>& vectors, size_t dim, size_t lists,
                                     const std::vector<int>& ef_searches, const std::vector<int>& probes,
                                     const std::string& hnsw_cache);

}  // namespace sightline::bench
