// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

#include <faiss/IndexFlat.h>
#include <faiss/impl/pq4_fast_scan.h>
#include <faiss/utils/distances.h>

#include "storage/segment/ivf_index.h"
#include "storage/segment/ivf_index_internal.h"
#include "storage/segment/parallel_internal.h"
#include "storage/segment/product_encoder.h"

namespace sightline::storage {
namespace {

using Floats = std::vector<float>;
using faiss::Index;

/// Rows that are assigned, or encoded, between two pauses.
constexpr size_t kBlock = 4096;
/// Lists that the second one of a row is chosen from.
constexpr size_t kSecondChoices = 16;
/// How much a second centroid that misses the row in the same direction as the first is disliked.
constexpr float kSameDirectionWeight = 1.0f;

// Note [Second list]
// A query misses a row when it points away from the row's first centroid, along what that centroid leaves of the row. A
// second centroid helps most when it leaves something else: the one is chosen that minimises |r'|^2 + w (r'.r/|r|)^2,
// with r and r' what the first and the second leave (SOAR: Sun et al., NeurIPS 2023, section 3).

/// Says which list, or which two, each row goes to.
class ListAssigner {
 public:
  ListAssigner(const CoarseLists& coarse, bool two_lists)
      : coarse_(coarse), two_lists_(two_lists), dim_(static_cast<size_t>(coarse.d)), flat_(coarse.d) {
    centroids_.resize(coarse.centroids().rows() * dim_);
    coarse.centroids().Read(0, coarse.centroids().rows(), centroids_.data());
    if (!coarse.graph()) flat_.add(coarse.ntotal, centroids_.data());
  }

  size_t copies() const { return two_lists_ && coarse_.ntotal > 1 ? 2 : 1; }
  const float* centroid(size_t list) const { return centroids_.data() + list * dim_; }

  /// Writes copies() lists per row.
  void Assign(const Floats& rows, size_t count, uint32_t* lists) const {
    const size_t choices = std::min(copies() == 1 ? 1 : kSecondChoices, static_cast<size_t>(coarse_.ntotal));
    std::vector<Index::idx_t> nearest(count * choices);
    Floats scores(count * choices);
    const Index& index = coarse_.graph() ? static_cast<const Index&>(coarse_) : flat_;
    index.search(static_cast<Index::idx_t>(count), rows.data(), static_cast<Index::idx_t>(choices), scores.data(),
                 nearest.data());
    for (size_t i = 0; i < count; ++i) {
      const std::span<const Index::idx_t> of_row = std::span(nearest).subspan(i * choices, choices);
      const auto first = static_cast<uint32_t>(std::max<Index::idx_t>(0, of_row[0]));
      *lists++ = first;
      if (copies() == 2) *lists++ = SecondOf(rows.data() + i * dim_, first, of_row.subspan(1));
    }
  }

 private:
  uint32_t SecondOf(const float* row, uint32_t first, std::span<const Index::idx_t> others) const {
    Floats left(dim_);
    for (size_t j = 0; j < dim_; ++j) left[j] = row[j] - centroid(first)[j];
    const float length = std::max(std::numeric_limits<float>::min(), faiss::fvec_norm_L2sqr(left.data(), dim_));
    Floats also_left(dim_);
    uint32_t second = first == 0 ? 1 : 0;
    float least = std::numeric_limits<float>::infinity();
    for (const Index::idx_t other : others) {
      if (other < 0) continue;
      const float* from = centroid(static_cast<size_t>(other));
      for (size_t j = 0; j < dim_; ++j) also_left[j] = row[j] - from[j];
      const float along = faiss::fvec_inner_product(also_left.data(), left.data(), dim_);
      const float loss = faiss::fvec_norm_L2sqr(also_left.data(), dim_) + kSameDirectionWeight * along * along / length;
      if (loss >= least) continue;
      least = loss;
      second = static_cast<uint32_t>(other);
    }
    return second;
  }

  const CoarseLists& coarse_;
  const bool two_lists_;
  const size_t dim_;
  Floats centroids_;
  faiss::IndexFlatIP flat_;
};

/// Fills the lists of `parts`, whose quantizers are there.
class ListFiller {
 public:
  ListFiller(const RowStore& rows, const SegmentPlan& plan, IvfParts& parts)
      : rows_(rows),
        plan_(plan),
        parts_(parts),
        assigner_(*parts.coarse, parts.shape.two_lists),
        encoder_(parts.codes.centroids, rows.dim(), parts.shape.subspaces, parts.shape.bits) {}

  Status Fill() {
    SL_RETURN_IF_ERROR(AssignAll());
    std::vector<uint32_t> sizes(parts_.shape.lists);
    for (uint32_t list : lists_of_) ++sizes[list];
    parts_.lists = std::make_unique<PackedLists>(sizes, parts_.shape.subspaces, parts_.shape.bits);
    std::vector<size_t> filled(sizes.size());
    for (size_t i = 0; i < lists_of_.size(); ++i) {
      const uint32_t list = lists_of_[i];
      parts_.lists->IdsOf(list)[filled[list]++] = static_cast<Index::idx_t>(i / assigner_.copies());
    }
    lists_of_ = {};
    return EncodeAll();
  }

 private:
  Status AssignAll() {
    const size_t copies = assigner_.copies();
    const size_t dim = rows_.dim();
    lists_of_.resize(rows_.rows() * copies);
    return ForPieces((rows_.rows() + kBlock - 1) / kBlock, plan_.pause, [&](size_t piece) {
      const size_t begin = piece * kBlock;
      const size_t count = std::min(kBlock, rows_.rows() - begin);
      Floats block(count * dim);
      Floats rotated(count * dim);
      rows_.Read(begin, count, block.data());
      Rotate(parts_.rotation, dim, count, block.data(), rotated.data());
      assigner_.Assign(rotated, count, lists_of_.data() + begin * copies);
    });
  }

  /// Several lists at a time, as many as make a block.
  Status EncodeAll() {
    std::vector<size_t> firsts = {0};
    size_t entries = 0;
    for (size_t list = 0; list < parts_.shape.lists; ++list) {
      entries += parts_.lists->list_size(list);
      if (entries < kBlock && list + 1 < parts_.shape.lists) continue;
      firsts.push_back(list + 1);
      entries = 0;
    }
    return ForPieces(firsts.size() - 1, plan_.pause,
                     [&](size_t piece) { EncodeLists(firsts[piece], firsts[piece + 1]); });
  }

  void EncodeLists(size_t first, size_t last) {
    const size_t dim = rows_.dim();
    size_t entries = 0;
    for (size_t list = first; list < last; ++list) entries += parts_.lists->list_size(list);
    Floats residuals(entries * dim);
    Floats row(dim);
    float* out = residuals.data();
    for (size_t list = first; list < last; ++list) {
      const float* centroid = assigner_.centroid(list);
      for (size_t i = 0; i < parts_.lists->list_size(list); ++i, out += dim) {
        rows_.Read(static_cast<size_t>(parts_.lists->get_ids(list)[i]), 1, row.data());
        Rotate(parts_.rotation, dim, 1, row.data(), out);
        for (size_t j = 0; j < dim; ++j) out[j] -= centroid[j];
      }
    }
    const size_t code_bytes = encoder_.code_bytes();
    std::vector<uint8_t> codes(entries * code_bytes);
    encoder_.Encode(residuals.data(), entries, codes.data());
    const uint8_t* in = codes.data();
    for (size_t list = first; list < last; ++list) {
      const size_t size = parts_.lists->list_size(list);
      Pack(in, size, parts_.lists->CodesOf(list));
      in += size * code_bytes;
    }
  }

  void Pack(const uint8_t* codes, size_t count, uint8_t* out) const {
    if (count == 0) return;
    if (parts_.shape.bits == 8) {
      std::copy_n(codes, count * parts_.codes.code_size, out);
      return;
    }
    const size_t subspaces = parts_.shape.subspaces;
    faiss::pq4_pack_codes(codes, count, subspaces, (count + 31) / 32 * 32, 32, (subspaces + 1) / 2 * 2, out);
  }

  const RowStore& rows_;
  const SegmentPlan& plan_;
  IvfParts& parts_;
  ListAssigner assigner_;
  ProductEncoder encoder_;
  std::vector<uint32_t> lists_of_;  ///< By row, its copies one after the other.
};

}  // namespace

Result<std::unique_ptr<const CandidateIndex>> BuildIvfIndex(const RowStore& rows, const SegmentPlan& plan) {
  const auto start = std::chrono::steady_clock::now();
  IvfParts parts;
  parts.shape = ShapeFor(plan.options, rows.rows(), rows.dim());
  SL_ASSIGN_OR_RETURN(IvfQuantizers trained, TrainIvf(rows, parts.shape, plan));
  parts.rotation = std::move(trained.rotation);
  parts.codes = std::move(trained.codes);
  std::optional<LinkGraph> graph;
  if (parts.shape.lists > CoarseLists::kGraphLists) {
    SL_ASSIGN_OR_RETURN(graph, LinkGraph::Build(trained.centroids, {.seed = plan.seed, .pause = plan.pause}));
  }
  parts.coarse = std::make_unique<CoarseLists>(std::move(trained.centroids), std::move(graph));
  if (plan.times != nullptr) {
    plan.times->train_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  SL_RETURN_IF_ERROR(ListFiller(rows, plan, parts).Fill());
  return std::make_unique<IvfIndex>(rows, std::move(parts), plan.options);
}

}  // namespace sightline::storage
