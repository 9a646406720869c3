// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/filter.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "encoder/encoder.h"
#include "storage/collection.h"

namespace sightline::query {

/// What is looked for. At least one of text, picture, item and vector; a picture, item or vector may be joined by text.
struct SearchQuery {
  std::optional<std::string> text;
  std::optional<ImageRgb8> picture;  ///< Decoded, any size.
  std::optional<ItemId> item;        ///< "More like this": the item's first unit.
  std::optional<Embedding> vector;   ///< dim floats; normalised here.
};

struct SearchRequest {
  SearchQuery query;
  size_t top_k = 10;         ///< 1..1000.
  size_t rerank_depth = 64;  ///< Coarse candidates that the fusion encoder scores; 0 turns reranking off. 0..1024.
  std::optional<double> min_match;  ///< Hide hits below this match probability; needs words against patches.
  Filter filter;
  Limits limits;
};

struct Hit {
  ItemId item;
  UnitId unit;
  UnitType type = UnitType::kImage;
  std::string path;
  float coarse_score = 0;
  std::optional<float> match_logit;  ///< Absent where the pair was not reranked.
  /// `match_logit + coarse_weight * coarse_score`. Words joined by a picture, item or vector count with the coarse
  /// score that they would have alone, because the calibration knows no other: the likeness chooses the candidates, the
  /// words rank them.
  std::optional<double> rank_score;
  std::optional<double> match_probability;  ///< Null for picture-to-picture, item and raw-vector queries without words.
  std::optional<TimeRange> range;
  std::optional<int64_t> best_frame_us;
  Metadata metadata;
};

struct StageTimings {
  double encode_ms = 0;
  double coarse_ms = 0;
  double patches_ms = 0;
  double rerank_ms = 0;
  double total_ms = 0;
};

struct SearchAnswer {
  std::vector<Hit> hits;  ///< Best first: reranked ones by rank score, then the rest by coarse score.
  Epoch epoch;
  size_t candidates = 0;  ///< Coarse candidates considered.
  size_t reranked = 0;
  size_t below_min_match = 0;  ///< Hits hidden by min_match.
  bool truncated_query = false;
  std::string cleaned_query;  ///< What the model read.
  bool degraded = false;      ///< Less was done than asked for.
  std::string degraded_reason;
  StageTimings timings;
};

/// Runs searches on one collection with one model: encode -> coarse -> patches -> rerank -> probability -> hydrate
/// (architecture, section 3). Thread-safe.
class Searcher {
 public:
  /// Both must outlive the searcher. `encoder` may be null for raw-vector collections.
  Searcher(const storage::Collection& collection, encoder::Encoder* encoder);

  /// One result per request, in order; the batch shares encoder calls.
  /// Per-request errors: kInvalidArgument (nothing or too much asked for; an empty or punctuation-only text; invalid
  /// UTF-8; min_match where no match probability can exist; a number out of range), kNotFound (no such item),
  /// kFailedPrecondition (the encoder is not the collection's model), kDeadlineExceeded before any candidates were
  /// found (later: a degraded answer), kCancelled, and storage's read errors.
  std::vector<Result<SearchAnswer>> Search(std::span<const SearchRequest> requests) const;

 private:
  const storage::Collection& collection_;
  encoder::Encoder* encoder_;
};

}  // namespace sightline::query
