// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <random>

#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>
#include <faiss/VectorTransform.h>
#include <faiss/utils/distances.h>

#include "storage/segment/ivf_training_internal.h"
#include "storage/segment/one_thread_internal.h"

namespace sightline::storage {
namespace {

using Floats = std::vector<float>;

constexpr size_t kSamplePerList = 50;
constexpr size_t kLeastSample = 32'768;
constexpr size_t kMostSample = 600'000;  ///< 600 MB at dim 256.
/// Rows per list at the least, so that lists can be trained.
constexpr size_t kLeastRowsPerList = 8;
/// Entries per list at the least when the number of lists is chosen by size: what the blocks of 32 codes are filled up
/// with then stays below an eighth of the codes.
constexpr size_t kLeastEntriesPerList = 128;
constexpr int kCoarseIterations = 10;
/// Of k-means over the rows alone, after k-means over rows and queries.
constexpr int kRowIterations = 4;
/// Above this, centroids are trained in two steps: all of them at once takes a hundred times as long.
constexpr size_t kOneStepLists = 8'192;
/// Rows that are assigned between two pauses.
constexpr size_t kAssignBlock = 4096;
constexpr size_t kCodeSample = 20'000;
constexpr int kCodeIterations = 12;
constexpr int kRotationRounds = 8;

/// Carries an error of `pause` out of FAISS.
struct Stopped {
  Error error;
};

Status Pause(const SegmentPlan& plan) { return plan.pause ? plan.pause() : Status{}; }

/// A flat index that pauses between blocks of queries: what k-means assigns with.
class PausingFlat : public faiss::IndexFlatIP {
 public:
  PausingFlat(size_t dim, const SegmentPlan& plan) : IndexFlatIP(static_cast<idx_t>(dim)), plan_(plan) {}

  void search(idx_t n, const float* x, idx_t k, float* distances, idx_t* labels,
              const faiss::SearchParameters* params) const override {
    for (idx_t begin = 0; begin < n; begin += static_cast<idx_t>(kAssignBlock)) {
      if (auto paused = Pause(plan_); !paused) throw Stopped{std::move(paused).error()};
      const idx_t count = std::min(static_cast<idx_t>(kAssignBlock), n - begin);
      IndexFlatIP::search(count, x + begin * d, k, distances + begin * k, labels + begin * k, params);
    }
  }

 private:
  const SegmentPlan& plan_;
};

/// `count` rows drawn without repetition, in no order.
std::vector<uint32_t> DrawRows(size_t rows, size_t count, std::mt19937_64& random) {
  std::vector<uint32_t> drawn;
  drawn.reserve(count);
  for (size_t row = 0; row < rows && drawn.size() < count; ++row) {
    if (random() % (rows - row) < count - drawn.size()) drawn.push_back(static_cast<uint32_t>(row));
  }
  std::shuffle(drawn.begin(), drawn.end(), random);
  return drawn;
}

Floats ReadSample(const RowStore& rows, size_t count, std::mt19937_64& random) {
  Floats sample(count * rows.dim());
  float* out = sample.data();
  for (uint32_t row : DrawRows(rows.rows(), count, random)) {
    rows.Read(row, 1, out);
    out += rows.dim();
  }
  return sample;
}

/// @param start  `clusters` centroids to begin with; empty: points drawn by plan.seed.
Floats ClusterOnce(std::span<const float> points, size_t dim, size_t clusters, const SegmentPlan& plan,
                   Floats start = {}) {
  faiss::Clustering clustering(static_cast<int>(dim), static_cast<int>(clusters));
  clustering.niter = start.empty() ? kCoarseIterations : kRowIterations;
  clustering.centroids = std::move(start);
  clustering.spherical = true;
  clustering.seed = static_cast<int>(plan.seed);
  clustering.min_points_per_centroid = 1;  // else FAISS writes warnings
  clustering.max_points_per_centroid = 1 << 20;
  PausingFlat assigner(dim, plan);
  clustering.train(static_cast<faiss::Index::idx_t>(points.size() / dim), points.data(), assigner);
  return clustering.centroids;
}

std::vector<faiss::Index::idx_t> Assign(const Floats& points, size_t dim, const Floats& centroids,
                                        const SegmentPlan& plan) {
  PausingFlat flat(dim, plan);
  flat.add(static_cast<faiss::Index::idx_t>(centroids.size() / dim), centroids.data());
  const size_t count = points.size() / dim;
  std::vector<faiss::Index::idx_t> labels(count);
  Floats scores(count);
  flat.search(static_cast<faiss::Index::idx_t>(count), points.data(), 1, scores.data(), labels.data(), nullptr);
  return labels;
}

/// How many of `clusters` each group gets: at least one, at most its size, about in proportion to its size.
std::vector<size_t> ShareOut(const std::vector<size_t>& sizes, size_t clusters) {
  const double total = static_cast<double>(std::accumulate(sizes.begin(), sizes.end(), size_t{0}));
  std::vector<size_t> shares;
  for (size_t size : sizes) {
    const double share = static_cast<double>(clusters) * static_cast<double>(size) / total;
    shares.push_back(std::min(size, std::max<size_t>(1, static_cast<size_t>(share))));
  }
  size_t given = std::accumulate(shares.begin(), shares.end(), size_t{0});
  for (size_t at = 0; given != clusters; at = (at + 1) % sizes.size()) {
    if (given < clusters && shares[at] < sizes[at]) ++shares[at], ++given;
    if (given > clusters && shares[at] > 1) --shares[at], --given;
  }
  return shares;
}

/// k-means, then k-means within each cluster.
Floats ClusterTwice(const Floats& points, size_t dim, size_t clusters, const SegmentPlan& plan) {
  const auto groups = static_cast<size_t>(std::sqrt(static_cast<double>(clusters)));
  const Floats coarse = ClusterOnce(points, dim, groups, plan);
  const auto labels = Assign(points, dim, coarse, plan);
  std::vector<Floats> members(groups);
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto begin = points.begin() + static_cast<std::ptrdiff_t>(i * dim);
    Floats& group = members[static_cast<size_t>(labels[i])];
    group.insert(group.end(), begin, begin + static_cast<std::ptrdiff_t>(dim));
  }
  std::erase_if(members, [](const Floats& group) { return group.empty(); });
  std::vector<size_t> sizes;
  for (const Floats& group : members) sizes.push_back(group.size() / dim);
  const std::vector<size_t> shares = ShareOut(sizes, clusters);
  Floats centroids;
  for (size_t i = 0; i < members.size(); ++i) {
    const Floats fine = ClusterOnce(members[i], dim, shares[i], plan);
    centroids.insert(centroids.end(), fine.begin(), fine.end());
  }
  return centroids;
}

Floats TrainCentroids(Floats& points, const Floats& rotation, size_t dim, size_t lists, const SegmentPlan& plan) {
  if (lists > kOneStepLists) return ClusterTwice(points, dim, lists, plan);
  const size_t row_values = points.size();
  // A tenth of the points at most: the rows are what the lists are for.
  const size_t queries = std::min(plan.training_queries.size() / dim, row_values / dim / 10);
  if (queries == 0) return ClusterOnce(points, dim, lists, plan);
  points.resize(row_values + queries * dim);
  Rotate(rotation, dim, queries, plan.training_queries.data(), points.data() + row_values);
  Floats of_both = ClusterOnce(points, dim, lists, plan);
  return ClusterOnce(std::span(points).first(row_values), dim, lists, plan, std::move(of_both));
}

void TrainRotation(const Floats& sample, size_t dim, const IvfShape& shape, Floats& rotation) {
  const OneThread one_thread;
  faiss::OPQMatrix opq(static_cast<int>(dim), static_cast<int>(shape.subspaces), static_cast<int>(dim));
  faiss::ProductQuantizer codes(dim, shape.subspaces, static_cast<size_t>(shape.bits));
  codes.cp.min_points_per_centroid = 1;
  opq.pq = &codes;
  opq.niter = kRotationRounds;
  opq.niter_pq = 2;
  opq.niter_pq_0 = 8;
  const size_t count = std::min(kCodeSample, sample.size() / dim);
  opq.train(static_cast<faiss::Index::idx_t>(count), sample.data());
  rotation = std::move(opq.A);
}

void RotateInPlace(const Floats& rotation, size_t dim, Floats& points) {
  Floats point(dim);
  for (size_t i = 0; i < points.size(); i += dim) {
    std::copy_n(points.data() + i, dim, point.data());
    Rotate(rotation, dim, 1, point.data(), points.data() + i);
  }
}

/// One k-means per subspace over what the centroids leave of the sample.
Status TrainCodes(const Floats& residuals, size_t count, const SegmentPlan& plan, faiss::ProductQuantizer& codes) {
  const OneThread one_thread;
  const size_t dim = codes.d;
  Floats slice(count * codes.dsub);
  for (size_t m = 0; m < codes.M; ++m) {
    SL_RETURN_IF_ERROR(Pause(plan));
    for (size_t i = 0; i < count; ++i) {
      std::copy_n(residuals.data() + i * dim + m * codes.dsub, codes.dsub, slice.data() + i * codes.dsub);
    }
    faiss::Clustering clustering(static_cast<int>(codes.dsub), static_cast<int>(codes.ksub));
    clustering.niter = kCodeIterations;
    clustering.seed = static_cast<int>(plan.seed);
    clustering.min_points_per_centroid = 1;
    clustering.max_points_per_centroid = 1 << 20;
    faiss::IndexFlatL2 flat(static_cast<faiss::Index::idx_t>(codes.dsub));
    clustering.train(static_cast<faiss::Index::idx_t>(count), slice.data(), flat);
    codes.set_params(clustering.centroids.data(), static_cast<int>(m));
  }
  return {};
}

/// The first rows of the sample less their centroids.
Floats ResidualsOf(const Floats& sample, size_t count, const Floats& centroids, size_t dim, const SegmentPlan& plan) {
  Floats residuals(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(count * dim));
  const auto labels = Assign(residuals, dim, centroids, plan);
  for (size_t i = 0; i < count; ++i) {
    const float* centroid = centroids.data() + static_cast<size_t>(labels[i]) * dim;
    for (size_t j = 0; j < dim; ++j) residuals[i * dim + j] -= centroid[j];
  }
  return residuals;
}

Result<IvfQuantizers> Train(const RowStore& rows, const IvfShape& shape, const SegmentPlan& plan) {
  const size_t dim = rows.dim();
  std::mt19937_64 random(plan.seed);
  const size_t wanted = std::clamp(shape.lists * kSamplePerList, kLeastSample, kMostSample);
  Floats points = ReadSample(rows, std::min(rows.rows(), wanted), random);
  const size_t sample_rows = points.size() / dim;
  IvfQuantizers made{{}, {}, faiss::ProductQuantizer(dim, shape.subspaces, static_cast<size_t>(shape.bits))};
  SL_RETURN_IF_ERROR(Pause(plan));
  if (shape.rotated) {
    TrainRotation(points, dim, shape, made.rotation);
    RotateInPlace(made.rotation, dim, points);
  }
  const Floats trained = TrainCentroids(points, made.rotation, dim, shape.lists, plan);
  made.centroids = RowStore(RowFormat::kInt8, dim, shape.lists);
  SL_RETURN_IF_ERROR(made.centroids.Write(0, shape.lists, trained.data()));
  Floats centroids(shape.lists * dim);
  made.centroids.Read(0, shape.lists, centroids.data());
  const size_t code_rows = std::min(kCodeSample, sample_rows);
  const Floats residuals = ResidualsOf(points, code_rows, centroids, dim, plan);
  SL_RETURN_IF_ERROR(TrainCodes(residuals, code_rows, plan, made.codes));
  return made;
}

}  // namespace

IvfShape ShapeFor(const IndexOptions& options, size_t rows, size_t dim) {
  IvfShape shape;
  shape.bits = options.kind == IndexKind::kIvfPq ? 8 : 4;
  shape.rotated = options.opq && dim > 1;
  shape.two_lists = options.two_lists;
  const auto by_size = static_cast<size_t>(4 * std::sqrt(static_cast<double>(rows) / 2));
  const size_t most = rows * (shape.two_lists ? 2 : 1) / kLeastEntriesPerList;
  shape.lists = options.lists != 0 ? options.lists : std::min(std::bit_ceil(by_size), std::bit_floor(most));
  shape.lists = std::clamp<size_t>(shape.lists, 1, std::max<size_t>(1, rows / kLeastRowsPerList));
  shape.subspaces = options.pq_subspaces;
  if (shape.subspaces == 0) {
    // 64 bytes per row at dim 256 with either width.
    const size_t per_code = shape.bits == 8 && dim % 4 == 0 ? 4 : (dim % 2 == 0 ? 2 : 1);
    shape.subspaces = dim / per_code;
  }
  return shape;
}

void Rotate(const std::vector<float>& rotation, size_t dim, size_t count, const float* values, float* out) {
  if (rotation.empty()) {
    std::copy_n(values, count * dim, out);
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    faiss::fvec_inner_products_ny(out + i * dim, values + i * dim, rotation.data(), dim, dim);
  }
}

Result<IvfQuantizers> TrainIvf(const RowStore& rows, const IvfShape& shape, const SegmentPlan& plan) {
  try {
    return Train(rows, shape, plan);
  } catch (const Stopped& stopped) {
    return tl::unexpected(stopped.error);
  }
}

}  // namespace sightline::storage
