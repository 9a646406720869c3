// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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

enum class GroupBy {
  kNone,
  kVideo,  ///< One hit per video, its moments listed inside; pictures and captions stay as they are.
};

struct SearchRequest {
  SearchQuery query;
  size_t top_k = 10;  ///< 1..1000.
  /// Coarse candidates that the fusion encoder scores; 0 turns reranking off. 0..1024. Who has no wish of his own gives
  /// the collection's DefaultRerankDepth.
  size_t rerank_depth = 64;
  /// Match logit that no candidate further down is expected to exceed, for stopping early (early_stop.h). Absent: as
  /// the collection has it; infinity: read them all.
  std::optional<double> stop_margin;
  /// Read so many candidates in order of coarse score, whatever the margin: for the next page of an answer that stopped
  /// there (SearchAnswer::stopped_at).
  std::optional<size_t> stop_after;
  /// How the index is searched, in place of what the collection has.
  storage::SearchParameters index;
  /// Hide hits below this match probability. Needs words against patches, or a picture against texts alone.
  std::optional<double> min_match;
  /// What is searched. Without types: image and clip units for words and pictures, everything for items and vectors
  /// (plan.h, Note [Types searched]).
  Filter filter;
  bool join_clips = true;  ///< Neighbouring clips of one video that fit alike become one hit (moments.h).
  GroupBy group_by = GroupBy::kNone;
  size_t group_size = 5;  ///< Moments listed inside a group. 1..100.
  /// The state that is searched, of the searcher's collection; null: the newest. What was removed since is not found.
  std::shared_ptr<const storage::IndexView> view;
  Limits limits;
};

/// A unit that was found, with its scores; or a run of neighbouring clips, with those of the best one.
struct Moment {
  UnitId unit;                     ///< Of a run: the best clip.
  std::optional<TimeRange> range;  ///< Clips only. Of a run: from the start of its first clip to the end of its last.
  /// The sampled frame that is nearest to the query; absent where the collection keeps no frame embeddings.
  std::optional<int64_t> best_frame_us;
  size_t clips = 0;  ///< How many clips this stands for; 0 for pictures and captions.
  float coarse_score = 0;
  std::optional<float> match_logit;  ///< Absent where the pair was not reranked.
  /// `match_logit + coarse_weight * coarse_score`. Of a query that joins two things, the one that is read against the
  /// unit (the words against patches, the picture against token states) counts with the coarse score that it would have
  /// alone, because the calibration knows no other: both choose the candidates, one ranks them.
  std::optional<double> rank_score;
  /// Null for picture-to-picture, words-to-words and raw-vector queries, and for items, except a picture or clip among
  /// captions alone, which is read as a picture is.
  std::optional<double> match_probability;
};

struct Hit : Moment {
  ItemId item;
  UnitType type = UnitType::kImage;
  std::string path;
  Metadata metadata;
  /// Grouped by video: the best moments of this one, best first; the first one is the hit's own. Empty otherwise.
  std::vector<Moment> moments;
};

struct StageTimings {
  double queue_ms = 0;  ///< Waiting for a batch (search_gatherer.h); 0 for whoever calls a searcher.
  double encode_ms = 0;
  double coarse_ms = 0;
  double patches_ms = 0;  ///< Waiting for patches; they are also read while others are reranked.
  double rerank_ms = 0;
  double total_ms = 0;  ///< With the time in the queue.
};

struct SearchAnswer {
  std::vector<Hit> hits;  ///< Best first: reranked ones by rank score, then the rest by coarse score.
  Epoch epoch;
  std::shared_ptr<const storage::IndexView> view;  ///< The state that was searched, for the next page.
  size_t searched = 0;                             ///< Units that could have been found: all but those of other types.
  size_t candidates = 0;                           ///< Units that the coarse stage found.
  size_t rerank_depth = 0;                         ///< As the request had it.
  size_t reranked = 0;
  /// How many candidates in order of coarse score were looked at when the hits were settled (early_stop.h). Absent: all
  /// that the depth and the deadline allowed.
  std::optional<size_t> stopped_at;
  size_t patches_cached = 0;   ///< Candidates whose patches or token states were in memory already.
  size_t below_min_match = 0;  ///< Hits hidden by min_match.
  bool truncated_query = false;
  std::string cleaned_query;  ///< What the model read.
  bool degraded = false;      ///< Less was done than asked for.
  std::string degraded_reason;
  StageTimings timings;
  size_t coarse_k = 0;          ///< Units that the coarse stage was asked for, at last.
  size_t coarse_rounds = 0;     ///< How often it was asked: again for more where clips may be joined or grouped.
  storage::SearchStats coarse;  ///< What it did in the last round.
};

/// The rerank depth of searches that do not ask for one: of the collection's settings, else SearchRequest's.
size_t DefaultRerankDepth(const storage::Collection& collection);

class CollectionCalibration;
class TokenCache;
class TokenPool;

struct SearcherOptions {
  /// Patches and token states that stay in memory for later searches; those of one picture take 100 to 160 kB.
  size_t patch_cache_bytes = 256u << 20;
  /// Searchers of several collections that have one budget for all share one (token_cache.h), whose budget counts then.
  /// Null: this one has its own.
  std::shared_ptr<TokenPool> patch_pool{};
};

/// Runs searches on one collection with one model: encode -> coarse -> patches -> rerank -> probability -> moments ->
/// hydrate (architecture, section 3). Scores are calibrated as the collection's settings say, else as the model's
/// calibration does. Thread-safe.
class Searcher {
 public:
  /// Both must outlive the searcher. `encoder` may be null for raw-vector collections.
  Searcher(const storage::Collection& collection, encoder::Encoder* encoder, const SearcherOptions& options = {});
  ~Searcher();

  /// One result per request, in order; the batch shares encoder calls.
  /// Per-request errors: kInvalidArgument (nothing or too much asked for; an empty or punctuation-only text; invalid
  /// UTF-8; min_match where no match probability can exist; a number out of range), kNotFound (no such item),
  /// kFailedPrecondition (the encoder is not the collection's model; the calibration of
  /// its settings cannot be read), kDeadlineExceeded before any candidates were found (later: a degraded answer),
  /// kCancelled, and storage's read errors.
  std::vector<Result<SearchAnswer>> Search(std::span<const SearchRequest> requests) const;

  /// What scores are calibrated with now: as the collection's settings say, else the model. Errors: kFailedPrecondition
  /// (no model; the settings' calibration cannot be read).
  Result<encoder::Calibration> calibration() const;

  /// Patches and token states that are in memory now.
  size_t patch_cache_size_bytes() const;

 private:
  const storage::Collection& collection_;
  encoder::Encoder* encoder_;
  const std::unique_ptr<TokenCache> token_cache_;
  const std::unique_ptr<CollectionCalibration> calibration_;
};

}  // namespace sightline::query
