// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "encoder/encoder.h"
#include "eval/folds.h"
#include "eval/gallery.h"
#include "eval/live_protocol.h"
#include "storage/collection.h"

namespace sightline::eval {

/// Note [Stages]
/// A stage is one configuration of the path that serves searches: what the coarse stage looks into, and how many of its
/// candidates the fusion encoder reads. The gallery as it was indexed is searched exactly. Every index kind gets the
/// same units in a collection of its own, all sealed (sealed_gallery.h), so that it is really asked, however few they
/// are. Each stage and direction is one pass over the queries, one query after the other, as one user would ask them.
///
/// The exact index is asked for the whole gallery, so that everything has a rank. An approximate one looks further the
/// more it is asked for, and looks at everything where a quarter of its rows is wanted. So it is asked for what a
/// search asks it for: kHitsOfKinds, or as many as are reranked. What lies beyond has no rank.
/// Reading 1,000 hits takes some milliseconds, which the exact index's times have in them.
inline constexpr size_t kHitsOfKinds = 10;

struct Stage {
  std::optional<storage::IndexKind> kind = std::nullopt;  ///< Absent: exact, nothing sealed.
  size_t depth = 0;                                       ///< Rerank depth.
};

/// "exact", or the name of the index kind.
std::string NameOf(const std::optional<storage::IndexKind>& kind);

/// The set, or one fold of it, indexed.
struct StageGallery {
  Fold fold;
  Gallery gallery;
  storage::Collection* collection = nullptr;
  std::filesystem::path folder;  ///< Where logs (stage_log.h) and sealed copies are kept.
};

struct StageOptions {
  std::vector<std::optional<storage::IndexKind>> kinds = {std::nullopt};
  std::vector<size_t> depths = {64};
  size_t patch_cache_bytes = 256u << 20;
  /// Everything beside gallery, stage and model that decides the outcomes, on one line: logs of another one are not
  /// used.
  std::string conditions = {};
  std::stop_token stop = {};
};

/// Where a run is. A pass is one stage, fold and direction.
struct StageProgress {
  size_t pass = 0;            ///< From 0.
  size_t passes = 0;          ///< Of the whole run.
  size_t reused_passes = 0;   ///< Of `passes`: finished by an earlier run.
  size_t reused_queries = 0;  ///< Of the other passes: kept since an earlier run.
  Stage stage = {};
  Direction direction = Direction::kTextToImage;
  size_t done = 0;   ///< Queries of this pass.
  size_t total = 0;  ///< At most: some may turn out not to be askable.
  size_t reads = 0;  ///< Candidates that a query of this pass reads: the depth, as far as the gallery goes.
  /// Queries of the whole run that are not answered yet, at most, by the candidates that they read (TimeLeft).
  std::map<size_t, size_t> left = {};
};

/// Outcomes of one stage, per fold, numbered in the whole set.
struct StageResult {
  Stage stage;
  std::vector<std::vector<QueryOutcome>> img = {};  ///< Text to picture.
  std::vector<std::vector<QueryOutcome>> txt = {};  ///< Picture to text.
  double index_bytes_per_unit = 0;                  ///< Memory of the index.
  double token_bytes_per_unit = 0;                  ///< Patches and token states, as stored.
};

/// Runs every stage on every gallery (folds of one set, or the set alone) and keeps each outcome as soon as it is
/// there: after an interruption the same call goes on. Results in order of kinds, then depths.
/// @param on_progress  called at the start, before each pass that is not finished and after each query; may be empty.
/// Errors: kFailedPrecondition (a gallery that is not searched exactly), those of RunLiveProtocol, OpenSealed and
/// StageLog.
Result<std::vector<StageResult>> RunStages(std::span<const StageGallery> galleries, encoder::Encoder& encoder,
                                           const StageOptions& options,
                                           const std::function<void(const StageProgress&)>& on_progress);

}  // namespace sightline::eval
