// SPDX-License-Identifier: BSD-3-Clause
//
// What approximate kinds of index cost on real embeddings: the pictures of an indexed collection among generated
// vectors, searched by the collection's own captions.
//   forced_kinds_bench COLLECTION_FOLDER SCRATCH_FOLDER [rows in all: 100000]
// The collection: sightline --data-dir DATA index NAME IMAGES --captions FILE --patches none
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/bench_collection.h"
#include "tests/bench/vector_data.h"

namespace sightline::bench {
namespace {

using storage::Collection;
using storage::IndexKind;

constexpr size_t kTop = 10;

struct Captions {
  std::vector<float> pictures;  ///< Row after row.
  std::vector<float> queries;   ///< Captions, row after row.
  std::vector<size_t> picture_of;
};

const Embedding& OwnEmbedding(const std::vector<std::optional<storage::UnitRecord>>& units, size_t at) {
  return units.at(at).value().vectors.at(0).embedding;
}

Captions Read(const Collection& collection) {
  Captions captions;
  std::map<std::string, size_t> rows;
  std::vector<std::pair<std::string, Embedding>> texts;
  Must(collection.ForEachItem([&](const storage::ItemRecord& item) {
    const auto units = Must(collection.records().GetUnits(item.units));
    const Embedding& embedding = OwnEmbedding(units, 0);
    if (units[0]->type == UnitType::kText) {
      const auto* of = FirstValue<std::string>(item.metadata, metadata_key::kCaptionOf);
      if (of != nullptr) texts.emplace_back(*of, embedding);
      return true;
    }
    for (const auto& path : item.paths) rows[path.path] = captions.pictures.size() / embedding.size();
    captions.pictures.insert(captions.pictures.end(), embedding.begin(), embedding.end());
    return true;
  }));
  for (const auto& [of, embedding] : texts) {
    const auto found = rows.find(of);
    if (found == rows.end()) continue;
    captions.picture_of.push_back(found->second);
    captions.queries.insert(captions.queries.end(), embedding.begin(), embedding.end());
  }
  return captions;
}

struct Outcome {
  double recall = 0;   ///< R@10: the picture of the caption is among the first ten found, of all rows.
  double overlap = 0;  ///< The share of the exact first ten that is found.
};

/// Unit ids less one, which are rows, per query.
std::vector<std::vector<uint64_t>> SearchAll(const Collection& collection, const Captions& captions) {
  const size_t dim = collection.config().dim;
  const auto view = collection.View();
  std::vector<std::vector<uint64_t>> all;
  for (size_t q = 0; q < captions.picture_of.size(); ++q) {
    std::vector<uint64_t> ids;
    const std::span<const float> query(captions.queries.data() + q * dim, dim);
    for (const auto& hit : Must(view->Search(query, {.k = kTop, .filter = nullptr, .limits = {}}))) {
      ids.push_back(hit.unit.value - 1);
    }
    all.push_back(std::move(ids));
  }
  return all;
}

Outcome Compare(const Captions& captions, const std::vector<std::vector<uint64_t>>& found,
                const std::vector<std::vector<uint64_t>>& exact) {
  Outcome outcome;
  for (size_t q = 0; q < found.size(); ++q) {
    outcome.recall += static_cast<double>(std::count(found[q].begin(), found[q].end(), captions.picture_of[q]));
    for (const uint64_t id : exact[q]) {
      outcome.overlap += static_cast<double>(std::count(found[q].begin(), found[q].end(), id)) / kTop;
    }
  }
  outcome.recall /= static_cast<double>(found.size());
  outcome.overlap /= static_cast<double>(found.size());
  return outcome;
}

int Run(const std::filesystem::path& folder, const std::filesystem::path& scratch, size_t rows) {
  const auto source = Must(Collection::Open(folder));
  const Captions captions = Read(*source);
  const size_t dim = source->config().dim;
  if (captions.picture_of.empty()) {
    std::fprintf(stderr, "%s has no captions of its pictures\n", folder.c_str());
    return 1;
  }
  const size_t pictures = captions.pictures.size() / dim;
  VectorRecipe recipe;
  recipe.dim = dim;
  const std::vector<float> padding = VectorData(recipe).Rows(0, rows > pictures ? rows - pictures : 0);
  std::printf(
      "%zu pictures, %zu captions, %zu generated vectors\n\n| index | R@10 | difference, points | exact first ten "
      "found |\n|---|---:|---:|---:|\n",
      pictures, captions.picture_of.size(), padding.size() / dim);
  std::vector<std::vector<uint64_t>> exact;
  double exact_recall = 0;
  for (const IndexKind kind :
       {IndexKind::kAuto, IndexKind::kFlat, IndexKind::kIvfPq, IndexKind::kIvfPqFastScan, IndexKind::kHnsw}) {
    storage::IndexOptions options;
    options.kind = kind;
    const auto collection = MakeCollection(scratch / std::string(NameOf(kind)), dim, options);
    AddVectors(*collection, captions.pictures, 0);
    AddVectors(*collection, padding, pictures);
    Must(collection->SealNow());
    const auto found = SearchAll(*collection, captions);
    if (kind == IndexKind::kAuto) exact = found;
    const Outcome outcome = Compare(captions, found, exact);
    if (kind == IndexKind::kAuto) exact_recall = outcome.recall;
    std::printf("| %s | %.2f %% | %+.2f | %.2f %% |\n", kind == IndexKind::kAuto ? "exact" : NameOf(kind).data(),
                100 * outcome.recall, 100 * (outcome.recall - exact_recall), 100 * outcome.overlap);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace sightline::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: forced_kinds_bench COLLECTION_FOLDER SCRATCH_FOLDER [rows]\n");
    return 2;
  }
  return sightline::bench::Run(argv[1], argv[2], argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 100'000);
}
