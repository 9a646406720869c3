// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/ivf_index.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <faiss/IndexIVFPQ.h>
#include <faiss/IndexIVFPQFastScan.h>
#include <faiss/impl/IDSelector.h>

#include "storage/record_bytes.h"
#include "storage/segment/ivf_index_internal.h"
#include "storage/segment/one_thread_internal.h"

namespace sightline::storage {
namespace {

template <typename IvfFastScan>
concept TakesSearchParameters = requires(const IvfFastScan& index) {
  index.check_params(nullptr);
};
static_assert(TakesSearchParameters<faiss::IndexIVFFastScan>,
              "this FAISS is without scripts/faiss-1.7.3.patch: run scripts/setup.sh");

constexpr uint8_t kIvfRecordVersion = 1;
constexpr size_t kMaxLists = size_t{1} << 20;
/// Above so many rows twice as many candidates are scored again.
constexpr size_t kManyRows = 4'000'000;
/// FAISS's search of 4-bit codes one query at a time, lists in order of their distance, results in a reservoir.
constexpr int kOneQueryImplementation = 11;

/// A selector as FAISS asks for it.
class FaissSelector : public faiss::IDSelector {
 public:
  explicit FaissSelector(const RowSelector& selector) : selector_(selector) {}
  bool is_member(idx_t id) const override { return selector_.Allows(static_cast<uint32_t>(id)); }

 private:
  const RowSelector& selector_;
};

std::unique_ptr<faiss::IndexIVF> MakeFaissIndex(const IvfParts& parts) {
  CoarseLists* coarse = parts.coarse.get();
  const auto dim = static_cast<size_t>(coarse->d);
  std::unique_ptr<faiss::IndexIVF> index;
  if (parts.shape.bits == 8) {
    auto made = std::make_unique<faiss::IndexIVFPQ>(coarse, dim, parts.shape.lists, parts.shape.subspaces, 8,
                                                    faiss::METRIC_INNER_PRODUCT);
    made->pq = parts.codes;
    made->by_residual = true;
    index = std::move(made);
  } else {
    auto made = std::make_unique<faiss::IndexIVFPQFastScan>(coarse, dim, parts.shape.lists, parts.shape.subspaces, 4,
                                                            faiss::METRIC_INNER_PRODUCT);
    made->pq = parts.codes;
    made->by_residual = true;
    made->implem = kOneQueryImplementation;
    index = std::move(made);
  }
  index->own_fields = false;
  index->replace_invlists(parts.lists.get(), false);
  index->ntotal = static_cast<faiss::Index::idx_t>(parts.lists->entries());
  index->is_trained = true;
  return index;
}

std::span<const std::byte> BytesOf(const std::vector<float>& values) { return std::as_bytes(std::span(values)); }

bool AreAtMost(float limit, const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [limit](float x) { return std::fabs(x) <= limit; });
}

}  // namespace

IvfIndex::IvfIndex(const RowStore& rows, IvfParts parts, const IndexOptions& defaults)
    : rows_(rows), parts_(std::move(parts)), defaults_(defaults), faiss_(MakeFaissIndex(parts_)) {}

size_t IvfIndex::memory_bytes() const {
  return parts_.rotation.size() * sizeof(float) + parts_.coarse->memory_bytes() +
         2 * parts_.codes.centroids.size() * sizeof(float) + parts_.lists->memory_bytes();
}

size_t IvfIndex::ProbesOf(const SegmentSearch& search) const {
  size_t probes = search.probes != 0 ? search.probes : defaults_.probes;
  if (probes == 0) {
    const double by_size = (parts_.shape.two_lists ? 2 : 4) * std::sqrt(static_cast<double>(parts_.shape.lists));
    probes = std::max<size_t>(16, static_cast<size_t>(by_size));
  }
  probes = static_cast<size_t>(static_cast<double>(probes) * WideningFor(search));
  return std::clamp<size_t>(probes, 1, parts_.shape.lists);
}

size_t IvfIndex::CandidatesOf(const SegmentSearch& search) const {
  size_t factor = search.refine_factor != 0 ? search.refine_factor : defaults_.refine_factor;
  // Among more rows more are nearer by their codes than by themselves (docs/PERFORMANCE.md, ten million vectors).
  if (factor == 0) factor = (search.fetch <= 100 ? 8 : 4) * (rows_.rows() > kManyRows ? 2 : 1);
  return std::min(search.fetch * factor, rows_.rows());
}

Status IvfIndex::Find(std::span<const float> query, const SegmentSearch& search, std::vector<RowHit>& hits,
                      SegmentStats& stats) const {
  const OneThread one_thread;
  std::vector<float> rotated(query.size());
  Rotate(parts_.rotation, query.size(), 1, query.data(), rotated.data());
  const size_t wanted = CandidatesOf(search);
  const size_t labels = std::min(parts_.lists->entries(), wanted * (parts_.shape.two_lists ? 2 : 1));
  std::vector<float> distances(labels);
  std::vector<faiss::Index::idx_t> ids(labels);
  std::vector<uint32_t> found;
  std::optional<FaissSelector> selector;
  faiss::SearchParametersIVF parameters;
  if (search.selector != nullptr) parameters.sel = &selector.emplace(*search.selector);
  // Wider when a selector left too little.
  for (size_t probes = ProbesOf(search);; probes = std::min(4 * probes, parts_.shape.lists)) {
    SL_RETURN_IF_ERROR(search.limits.Check("search"));
    parameters.nprobe = probes;
    faiss_->search(1, rotated.data(), static_cast<faiss::Index::idx_t>(labels), distances.data(), ids.data(),
                   &parameters);
    stats.codes_scanned += parts_.lists->entries() * probes / parts_.shape.lists;
    found.clear();
    for (const faiss::Index::idx_t id : ids) {
      if (id >= 0) found.push_back(static_cast<uint32_t>(id));
    }
    if (found.size() >= std::min(labels, 2 * search.fetch) || probes == parts_.shape.lists) break;
  }
  RowQuery prepared;
  rows_.Prepare(query, prepared);
  ScoreCandidates(rows_, prepared, found, hits);
  stats.rows_scored += found.size();
  return {};
}

void IvfIndex::AppendSections(SectionList& sections) const {
  RecordWriter head(kIvfRecordVersion);
  head.Put(static_cast<uint32_t>(parts_.shape.lists));
  head.Put(static_cast<uint32_t>(parts_.shape.subspaces));
  head.Put(static_cast<uint8_t>(parts_.shape.bits));
  head.Put(static_cast<uint8_t>(!parts_.rotation.empty()));
  sections.AddOwned("IVFH", head.Finish());
  if (!parts_.rotation.empty()) sections.AddView("OPQR", BytesOf(parts_.rotation));
  sections.AddView("CENT", parts_.coarse->centroids().bytes());
  if (parts_.coarse->graph()) parts_.coarse->graph()->AppendSections(sections, LinkGraph::kCentroidTags);
  sections.AddView("PQCB", BytesOf(parts_.codes.centroids));
  std::string sizes;
  for (size_t list = 0; list < parts_.shape.lists; ++list) {
    const auto size = static_cast<uint32_t>(parts_.lists->list_size(list));
    sizes.append(reinterpret_cast<const char*>(&size), sizeof(size));
  }
  sections.AddOwned("LSIZ", std::move(sizes));
  std::string ids;
  ids.reserve(parts_.lists->entries() * sizeof(uint32_t));
  for (const auto id : std::as_const(*parts_.lists).ids()) {
    const auto row = static_cast<uint32_t>(id);
    ids.append(reinterpret_cast<const char*>(&row), sizeof(row));
  }
  sections.AddOwned("LIDS", std::move(ids));
  sections.AddView("LCOD", std::as_const(*parts_.lists).codes().bytes());
}

namespace {

Result<IvfShape> LoadShape(SegmentFileReader& file) {
  const SegmentHead& head = file.head();
  SL_ASSIGN_OR_RETURN(const std::string bytes, file.Read("IVFH"));
  RecordReader reader(bytes, kIvfRecordVersion);
  IvfShape shape;
  shape.lists = reader.Get<uint32_t>();
  shape.subspaces = reader.Get<uint32_t>();
  shape.bits = reader.Get<uint8_t>();
  shape.rotated = reader.GetBool();
  shape.two_lists = head.options.two_lists;
  const int bits = head.options.kind == IndexKind::kIvfPq ? 8 : 4;
  if (!reader.Finish("the lists") || shape.lists == 0 || shape.lists > kMaxLists || shape.subspaces == 0 ||
      head.dim % shape.subspaces != 0 || shape.bits != bits) {
    return tl::unexpected(file.Bad("IVFH", "contradicts its format"));
  }
  return shape;
}

Result<std::unique_ptr<CoarseLists>> LoadCoarse(SegmentFileReader& file, size_t lists) {
  const uint32_t dim = file.head().dim;
  if (file.SizeOf("CENT") != lists * RowStore::StrideOf(RowFormat::kInt8, dim)) {
    return tl::unexpected(file.Bad("CENT", "has another size than the head says"));
  }
  RowStore centroids(RowFormat::kInt8, dim, lists);
  SL_RETURN_IF_ERROR(file.ReadInto("CENT", centroids.bytes()));
  if (auto checked = centroids.CheckValues(); !checked)
    return tl::unexpected(file.Bad("CENT", checked.error().message));
  std::optional<LinkGraph> graph;
  if (lists > CoarseLists::kGraphLists) {
    SL_ASSIGN_OR_RETURN(graph, LinkGraph::Load(file, LinkGraph::kCentroidTags, lists));
  }
  return std::make_unique<CoarseLists>(std::move(centroids), std::move(graph));
}

Result<std::unique_ptr<PackedLists>> LoadLists(SegmentFileReader& file, const IvfShape& shape, size_t rows) {
  SL_ASSIGN_OR_RETURN(const std::vector<uint32_t> sizes, file.ReadVector<uint32_t>("LSIZ", shape.lists));
  uint64_t entries = 0;
  uint64_t code_bytes = 0;
  for (const uint32_t size : sizes) {
    entries += size;
    code_bytes += PackedLists::CodeBytes(size, shape.subspaces, shape.bits);
  }
  const size_t copies = shape.two_lists && shape.lists > 1 ? 2 : 1;
  if (entries != rows * copies || file.SizeOf("LCOD") != code_bytes) {
    return tl::unexpected(file.Bad("LSIZ", "has lists of another size"));
  }
  SL_ASSIGN_OR_RETURN(const std::vector<uint32_t> ids, file.ReadVector<uint32_t>("LIDS", entries));
  if (std::any_of(ids.begin(), ids.end(), [rows](uint32_t row) { return row >= rows; })) {
    return tl::unexpected(file.Bad("LIDS", "names rows that do not exist"));
  }
  auto lists = std::make_unique<PackedLists>(sizes, shape.subspaces, shape.bits);
  std::copy(ids.begin(), ids.end(), lists->ids().begin());
  SL_RETURN_IF_ERROR(file.ReadInto("LCOD", lists->codes().bytes()));
  return lists;
}

}  // namespace

Result<std::unique_ptr<const CandidateIndex>> LoadIvfIndex(SegmentFileReader& file, const RowStore& rows) {
  if (!file.Has("IVFH")) return nullptr;
  const size_t dim = rows.dim();
  IvfParts parts;
  SL_ASSIGN_OR_RETURN(parts.shape, LoadShape(file));
  if (parts.shape.rotated) {
    SL_ASSIGN_OR_RETURN(parts.rotation, file.ReadVector<float>("OPQR", dim * dim));
  }
  SL_ASSIGN_OR_RETURN(parts.coarse, LoadCoarse(file, parts.shape.lists));
  parts.codes = faiss::ProductQuantizer(dim, parts.shape.subspaces, static_cast<size_t>(parts.shape.bits));
  SL_ASSIGN_OR_RETURN(parts.codes.centroids, file.ReadVector<float>("PQCB", parts.codes.centroids.size()));
  constexpr float kLargestOfRotation = 1.01f;
  if (!AreAtMost(kLargestOfRotation, parts.rotation)) return tl::unexpected(file.Bad("OPQR", "is not a rotation"));
  if (!AreAtMost(RowStore::kLargestValue, parts.codes.centroids)) {
    return tl::unexpected(file.Bad("PQCB", "has values that cannot be"));
  }
  SL_ASSIGN_OR_RETURN(parts.lists, LoadLists(file, parts.shape, rows.rows()));
  return std::make_unique<IvfIndex>(rows, std::move(parts), file.head().options);
}

}  // namespace sightline::storage
