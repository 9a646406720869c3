// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/filter.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "storage/filter_plan.h"
#include "storage/records.h"

namespace sightline::storage {

/// One unit near a query.
struct Neighbor {
  UnitId unit;
  float score = 0;                       ///< Cosine: the best of the unit's vectors.
  std::optional<int64_t> frame_time_us;  ///< Which frame gave the score; absent: the unit's own embedding.
};

/// How much an approximate index looks at; the fields of IndexOptions, for one search. What is absent is as the
/// collection has it, 0 is by size. An exact index has no use for it.
struct SearchParameters {
  std::optional<uint32_t> probes{};
  std::optional<uint32_t> ef_search{};
  std::optional<uint32_t> refine_factor{};

  friend bool operator==(const SearchParameters&, const SearchParameters&) = default;
};

struct SearchOptions {
  size_t k = 10;                   ///< At least 1.
  const Filter* filter = nullptr;  ///< Lives until return; null lets everything through.
  Limits limits;
  SearchParameters parameters{};
};

/// What a search did, for `explain`.
struct SearchStats {
  size_t vectors_scanned = 0;
  size_t rows_scored = 0;         ///< Of vectors_scanned, those of segments that were scored again from their rows.
  size_t units_filtered_out = 0;  ///< Found not to be of the types or not to pass the filter.
  FilterPlan filter;              ///< How the filter on metadata was kept to.
  size_t records_read = 0;        ///< Items whose records decided it.
};

/// Nearest-neighbour search over the units of one collection at one epoch. Immutable; searches run concurrently.
class IndexView {
 public:
  virtual ~IndexView() = default;

  virtual Epoch epoch() const = 0;
  virtual size_t unit_count() const = 0;
  virtual size_t vector_count() const = 0;

  /// Finds the units closest to `query`, best first; equal scores in order of unit id.
  /// @param query  dim floats of unit length.   @param stats  may be null.
  /// @return at most options.k neighbours, fewer when the filter or the collection leaves fewer. Empty view: empty
  /// list. Errors: kInvalidArgument (wrong length, a value not finite, k == 0), kCancelled, kDeadlineExceeded, and
  /// RecordStore's read errors where a filter needs metadata. CPU-bound; call it from a worker, never from an I/O
  /// thread.
  virtual Result<std::vector<Neighbor>> Search(std::span<const float> query, const SearchOptions& options,
                                               SearchStats* stats = nullptr) const = 0;
};

/// The searchable side of a collection, derived from the RecordStore. Thread-safe: one writer at a time, any readers.
class VectorIndex {
 public:
  virtual ~VectorIndex() = default;

  /// Adds or replaces the units in `put` and drops those in `removed` (unknown ids are ignored); views taken afterwards
  /// see it. Errors: kInvalidArgument (wrong embedding length): nothing changed; kResourceExhausted.
  virtual Status Apply(std::span<const UnitRecord> put, std::span<const UnitId> removed, Epoch epoch) = 0;

  /// The current state. Never null; keeps what it shows alive.
  virtual std::shared_ptr<const IndexView> View() const = 0;
};

}  // namespace sightline::storage
