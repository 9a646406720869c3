// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "storage/index_options.h"
#include "storage/row_table.h"

namespace sightline::storage {

/// Rows for a new segment, in order of unit id, the rows of a unit consecutive, its own vector first. Read several
/// times and in blocks, by the building thread only.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual size_t dim() const = 0;
  virtual size_t rows() const = 0;
  virtual RowInfo Info(size_t row) const = 0;
  /// Writes rows [begin, begin + count) as floats, row after row.
  virtual void Read(size_t begin, size_t count, float* values) const = 0;
};

/// Where the time of a build went; wall clock, pauses included.
struct SegmentBuildTimes {
  double rows_s = 0;   ///< Reading the source and encoding the rows.
  double train_s = 0;  ///< Quantisers, and the graph over their centroids.
  double add_s = 0;    ///< Filling the lists, or linking the graph.
};

/// How a segment is built.
struct SegmentPlan {
  IndexOptions options;  ///< `kind` is not kAuto.
  uint64_t seed = 1;
  /// Text-query embeddings to train with, row after row; may be empty. See Note [Queries out of distribution].
  std::span<const float> training_queries{};
  /// Called between blocks of work: where a background build waits for searches, and is stopped. Errors end the build.
  std::function<Status()> pause{};
  SegmentBuildTimes* times = nullptr;  ///< Filled in where not null.
};

/// Decides whether a row may be found. Called from one thread.
class RowSelector {
 public:
  virtual ~RowSelector() = default;
  virtual bool Allows(uint32_t row) const = 0;
};

struct SegmentSearch {
  size_t fetch = 10;                      ///< Rows wanted.
  uint32_t probes = 0;                    ///< As in IndexOptions; 0: by size.
  uint32_t ef_search = 0;                 ///< As in IndexOptions.
  uint32_t refine_factor = 0;             ///< As in IndexOptions.
  const RowSelector* selector = nullptr;  ///< Null lets everything through.
  /// About the share of the rows that the selector allows: the smaller it is, the more is looked at.
  float pass_share = 1;
  Limits limits{};
};

struct RowHit {
  float score = 0;  ///< From the segment's rows: a cosine up to the error of their format.
  uint32_t row = 0;
};

/// What one segment did.
struct SegmentStats {
  size_t codes_scanned = 0;  ///< Compressed vectors or graph nodes that were looked at.
  size_t rows_scored = 0;    ///< Rows that were scored again.
};

/// One immutable index over a sorted run of units, with its own quantisers. At most 2^31 rows. Searches run
/// concurrently.
class SealedSegment {
 public:
  /// Errors: kInvalidArgument (plan), kCancelled and whatever `pause` returns, kResourceExhausted.
  static Result<std::shared_ptr<const SealedSegment>> Build(const RowSource& source, const SegmentPlan& plan);
  /// Errors: kNotFound, kCorruption (also a checksum), kFailedPrecondition (made by a newer program),
  /// kResourceExhausted, kUnavailable.
  static Result<std::shared_ptr<const SealedSegment>> Load(const std::filesystem::path& file);

  virtual ~SealedSegment() = default;

  /// Writes and syncs the file; the caller renames it and syncs the folder.
  virtual Status Write(const std::filesystem::path& file) const = 0;

  virtual IndexKind kind() const = 0;
  virtual const IndexOptions& options() const = 0;
  virtual size_t dim() const = 0;
  virtual size_t rows() const = 0;
  virtual size_t units() const = 0;
  /// Everything that the segment keeps in memory.
  virtual size_t memory_bytes() const = 0;

  virtual RowInfo Info(uint32_t row) const = 0;
  /// [first, last) rows of a unit; empty when it is not here.
  virtual std::pair<uint32_t, uint32_t> RowsOf(UnitId unit) const = 0;
  /// Appends the rows of all units of an item, in order.
  virtual void AppendRowsOf(ItemId item, std::vector<uint32_t>& rows) const = 0;

  /// The best rows for `query` (dim floats), scored from rows, best first, no row twice; fewer when fewer were found.
  /// Errors: those of limits.
  virtual Status Search(std::span<const float> query, const SegmentSearch& search, std::vector<RowHit>& hits,
                        SegmentStats* stats = nullptr) const = 0;
  /// Scores the given rows; for direct scans.
  virtual void Score(std::span<const float> query, std::span<const uint32_t> rows, float* scores) const = 0;
  /// Rows [begin, begin + count) as floats, as far as the format kept them: what a merge builds from.
  virtual void Read(size_t begin, size_t count, float* values) const = 0;
};

}  // namespace sightline::storage
