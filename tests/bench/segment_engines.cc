// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/segment_engines.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

namespace sightline::bench {
namespace {

using storage::IndexKind;
using storage::IndexOptions;
using storage::RowFormat;

std::string Describe(const SegmentSetting& setting) {
  std::string text;
  const auto add = [&](const char* name, uint32_t value) {
    if (value == 0) return;
    if (!text.empty()) text += ", ";
    text += fmt::format("{}{}", name, value);
  };
  add("probes ", setting.probes);
  add("ef ", setting.ef_search);
  add("refine ", setting.refine_factor);
  return text.empty() ? "by size" : text;
}

using Segment = std::shared_ptr<const storage::SealedSegment>;

Result<Segment> BuildOrLoad(const GeneratedRows& rows, const SegmentCase& segment_case,
                            std::span<const float> training_queries, const std::string& cache,
                            storage::SegmentBuildTimes& times) {
  std::string name = segment_case.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == ' ' || c == ','; }, '_');
  const std::filesystem::path file = std::filesystem::path(cache) / (name + ".seg");
  if (!cache.empty() && std::filesystem::exists(file)) {
    std::ifstream(file.string() + ".seconds") >> times.rows_s >> times.train_s >> times.add_s;
    return storage::SealedSegment::Load(file);
  }
  storage::SegmentPlan plan;
  plan.options = segment_case.options;
  if (segment_case.train_with_queries) plan.training_queries = training_queries;
  plan.times = &times;
  SL_ASSIGN_OR_RETURN(Segment built, storage::SealedSegment::Build(rows, plan));
  std::fprintf(stderr, "%s: %.1f s for the rows, %.1f s of training, %.1f s to add; %.1f bytes per vector\n",
               segment_case.name.c_str(), times.rows_s, times.train_s, times.add_s,
               static_cast<double>(built->memory_bytes()) / static_cast<double>(built->rows()));
  if (!cache.empty()) {
    SL_RETURN_IF_ERROR(built->Write(file));
    std::ofstream(file.string() + ".seconds") << times.rows_s << ' ' << times.train_s << ' ' << times.add_s;
  }
  return built;
}

}  // namespace

storage::RowInfo GeneratedRows::Info(size_t row) const {
  storage::RowInfo info;
  info.unit = UnitId{row + 1};
  info.item = ItemId{row + 1};
  return info;
}

void GeneratedRows::Read(size_t begin, size_t count, float* values) const {
  if (vectors_ == nullptr) return data_.Rows(begin, count, values);
  const auto from = vectors_->begin() + static_cast<std::ptrdiff_t>(begin * dim());
  std::copy_n(from, count * dim(), values);
}

std::vector<Engine> MakeSegmentEngines(const GeneratedRows& rows, const SegmentCase& segment_case,
                                       std::span<const float> training_queries, const std::string& cache) {
  storage::SegmentBuildTimes times;
  const auto built = BuildOrLoad(rows, segment_case, training_queries, cache, times);
  if (!built) {
    std::fprintf(stderr, "%s: %s\n", segment_case.name.c_str(), built.error().message.c_str());
    return {};
  }
  const std::shared_ptr<const storage::SealedSegment> segment = *built;
  const double bytes = static_cast<double>(segment->memory_bytes()) / static_cast<double>(segment->rows());
  std::vector<Engine> engines;
  for (const SegmentSetting& setting : segment_case.settings) {
    engines.push_back({segment_case.name, Describe(setting), bytes, times.train_s, times.rows_s + times.add_s,
                       [=](const float* query, size_t k, int64_t* ids) {
                         storage::SegmentSearch search;
                         search.fetch = k;
                         search.probes = setting.probes;
                         search.ef_search = setting.ef_search;
                         search.refine_factor = setting.refine_factor;
                         std::vector<storage::RowHit> hits;
                         const Status found = segment->Search({query, segment->dim()}, search, hits);
                         if (!found) {
                           std::fprintf(stderr, "%s\n", found.error().message.c_str());
                           std::abort();
                         }
                         for (size_t i = 0; i < k; ++i) ids[i] = i < hits.size() ? int64_t{hits[i].row} : -1;
                       }});
  }
  return engines;
}

std::vector<SegmentCase> StandardSegmentCases() {
  const auto of = [](IndexKind kind) {
    IndexOptions options;
    options.kind = kind;
    return options;
  };
  IndexOptions fp16 = of(IndexKind::kFlat);
  fp16.rows = RowFormat::kFp16;
  IndexOptions two_lists = of(IndexKind::kIvfPqFastScan);
  two_lists.two_lists = true;
  IndexOptions rotated = two_lists;
  rotated.opq = true;
  const std::vector<SegmentSetting> one_list = {{}, {64, 0, 8}, {128, 0, 8}, {224, 0, 8}, {320, 0, 8}, {320, 0, 16}};
  const std::vector<SegmentSetting> both_lists = {{}, {48, 0, 8}, {96, 0, 8}, {128, 0, 8}, {160, 0, 8}, {160, 0, 16}};
  return {
      {"flat int8", of(IndexKind::kFlat), {{}}, false},
      {"flat fp16", fp16, {{}}, false},
      {"ivfpq_fastscan", of(IndexKind::kIvfPqFastScan), one_list, false},
      {"ivfpq_fastscan, two lists", two_lists, both_lists, false},
      {"ivfpq_fastscan, two lists, queries", two_lists, both_lists, true},
      {"ivfpq_fastscan, two lists, opq", rotated, {{}, {96, 0, 8}, {128, 0, 8}}, false},
      {"ivfpq", of(IndexKind::kIvfPq), {{}, {128, 0, 8}, {224, 0, 8}, {320, 0, 8}}, false},
      {"hnsw", of(IndexKind::kHnsw), {{}, {0, 24, 0}, {0, 32, 0}, {0, 40, 0}, {0, 64, 0}, {0, 128, 0}}, false},
  };
}

std::vector<SegmentCase> LargeSegmentCases(uint32_t lists) {
  IndexOptions options;
  options.kind = IndexKind::kIvfPqFastScan;
  options.lists = lists;
  return {{fmt::format("ivfpq_fastscan, {} lists", lists),
           options,
           {{}, {64, 0, 8}, {128, 0, 8}, {128, 0, 16}, {192, 0, 16}, {256, 0, 16}, {256, 0, 32}, {384, 0, 32}},
           false}};
}

}  // namespace sightline::bench
