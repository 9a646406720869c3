// SPDX-License-Identifier: BSD-3-Clause
#include "eval/stages.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/sha256.h"
#include "encoder/calibration.h"
#include "eval/sealed_gallery.h"
#include "eval/stage_log.h"
#include "query/searcher.h"

namespace sightline::eval {
namespace {

namespace fs = std::filesystem;

using Kind = std::optional<storage::IndexKind>;

/// One stage on one gallery in one direction.
struct Pass {
  size_t gallery;
  size_t result;
  Stage stage;
  Direction direction;
  fs::path log;
  std::string key;
  size_t total = 0;  // Queries, at most.
  size_t reads = 0;  // Candidates of each.
  size_t kept = 0;   // Queries that are answered.
  bool finished = false;

  size_t left() const { return finished ? 0 : total - kept; }
};

size_t HitsOf(const Stage& stage) { return stage.kind ? std::max(kHitsOfKinds, stage.depth) : 0; }

size_t QueriesOf(const StageGallery& gallery, Direction direction) {
  const RetrievalSet& set = gallery.fold.set;
  return direction == Direction::kTextToImage ? set.captions.size() : set.images.size();
}

// What one direction asks with is what the other one looks among.
Direction Opposite(Direction direction) {
  return direction == Direction::kTextToImage ? Direction::kImageToText : Direction::kTextToImage;
}

std::string_view ShortName(Direction direction) { return direction == Direction::kTextToImage ? "img" : "txt"; }

std::string KeyOf(const std::string& content, const Stage& stage, Direction direction, const encoder::EncoderInfo& info,
                  const StageOptions& options) {
  Sha256 hash;
  hash.Update(fmt::format("{}\n{} {}\n{}\n{}\n{} {} {} {}\n", content, info.fingerprint, info.device,
                          encoder::CalibrationToJson(info.calibration), options.conditions, NameOf(stage.kind),
                          stage.depth, HitsOf(stage), ShortName(direction)));
  return ToHex(hash.Finish());
}

// One that an earlier build sealed in part, because it was large, is not searched exactly.
Status CheckExact(const storage::Collection& collection, const fs::path& folder) {
  SL_ASSIGN_OR_RETURN(const storage::CollectionStats stats, collection.Stats());
  if (stats.index.segments.empty()) return {};
  return Fail(ErrorCode::kFailedPrecondition,
              fmt::format("{}: the collection is not searched exactly; remove it, or use another folder",
                          (folder / "collection").string()));
}

// Indexed bytes of all galleries together, by unit.
struct UnitBytes {
  double units = 0;
  double index_bytes = 0;
  double token_bytes = 0;

  Status Add(const storage::Collection& collection) {
    SL_ASSIGN_OR_RETURN(const storage::CollectionStats stats, collection.Stats());
    units += static_cast<double>(stats.units);
    token_bytes += static_cast<double>(stats.token_bytes);
    index_bytes += static_cast<double>(stats.index.exact_bytes);
    for (const auto& segment : stats.index.segments) index_bytes += static_cast<double>(segment.memory_bytes);
    return {};
  }
};

class StageRun {
 public:
  StageRun(std::span<const StageGallery> galleries, encoder::Encoder& encoder, const StageOptions& options,
           const std::function<void(const StageProgress&)>& on_progress)
      : galleries_(galleries), encoder_(encoder), options_(options), on_progress_(on_progress) {}

  Result<std::vector<StageResult>> Run() {
    for (const StageGallery& gallery : galleries_) {
      SL_ASSIGN_OR_RETURN(contents_.emplace_back(), ContentOf(*gallery.collection, gallery.fold.set, gallery.gallery));
    }
    for (const Kind& kind : options_.kinds) {
      for (const size_t depth : options_.depths) results_.push_back({.stage = {.kind = kind, .depth = depth}});
    }
    SL_RETURN_IF_ERROR(PlanPasses());
    if (!passes_.empty()) Tell(passes_.front());
    for (size_t k = 0; k < options_.kinds.size(); ++k) SL_RETURN_IF_ERROR(RunKind(k));
    return std::move(results_);
  }

 private:
  Status PlanPasses() {
    for (size_t k = 0; k < options_.kinds.size(); ++k) {
      for (size_t g = 0; g < galleries_.size(); ++g) {
        for (size_t d = 0; d < options_.depths.size(); ++d) {
          for (const Direction direction : {Direction::kTextToImage, Direction::kImageToText}) {
            SL_RETURN_IF_ERROR(PlanPass(g, k * options_.depths.size() + d, direction));
          }
        }
      }
    }
    progress_.passes = passes_.size();
    for (const Pass& pass : passes_) {
      progress_.reused_passes += pass.finished ? 1 : 0;
      progress_.reused_queries += pass.finished ? 0 : pass.kept;
    }
    return {};
  }

  Status PlanPass(size_t gallery, size_t result, Direction direction) {
    const Stage& stage = results_[result].stage;
    const std::string name = fmt::format("{}-{}-{}.log", NameOf(stage.kind), stage.depth, ShortName(direction));
    Pass pass = {.gallery = gallery,
                 .result = result,
                 .stage = stage,
                 .direction = direction,
                 .log = galleries_[gallery].folder / "stages" / name,
                 .key = KeyOf(contents_[gallery], stage, direction, encoder_.info(), options_)};
    pass.total = QueriesOf(galleries_[gallery], direction);
    pass.reads = std::min(stage.depth, QueriesOf(galleries_[gallery], Opposite(direction)));
    SL_ASSIGN_OR_RETURN(const StageLog log, StageLog::Open(pass.log, pass.key));
    pass.kept = log.outcomes().size();
    pass.finished = log.finished();
    passes_.push_back(std::move(pass));
    return {};
  }

  Status RunKind(size_t kind) {
    UnitBytes bytes;
    for (size_t g = 0; g < galleries_.size(); ++g) SL_RETURN_IF_ERROR(RunGallery(options_.kinds[kind], g, bytes));
    for (size_t d = 0; d < options_.depths.size(); ++d) {
      StageResult& result = results_[kind * options_.depths.size() + d];
      result.index_bytes_per_unit = bytes.index_bytes / std::max(bytes.units, 1.0);
      result.token_bytes_per_unit = bytes.token_bytes / std::max(bytes.units, 1.0);
    }
    return {};
  }

  // All passes of one kind on one gallery, which come one after the other.
  Status RunGallery(const Kind& kind, size_t g, UnitBytes& bytes) {
    const StageGallery& gallery = galleries_[g];
    std::unique_ptr<storage::Collection> sealed;
    if (kind) {
      // Another build may make another index of the same content.
      const std::string made_of = fmt::format("{}\n{}", contents_[g], options_.conditions);
      SL_ASSIGN_OR_RETURN(sealed,
                          OpenSealed(*gallery.collection, gallery.folder / "kinds", *kind, made_of, options_.stop));
    } else {
      SL_RETURN_IF_ERROR(CheckExact(*gallery.collection, gallery.folder));
    }
    const storage::Collection& collection = sealed ? *sealed : *gallery.collection;
    SL_RETURN_IF_ERROR(bytes.Add(collection));
    const query::Searcher searcher(collection, &encoder_, {.patch_cache_bytes = options_.patch_cache_bytes});
    for (size_t i = 0; i < 2 * options_.depths.size(); ++i) SL_RETURN_IF_ERROR(RunPass(searcher));
    return {};
  }

  // The next one.
  Status RunPass(const query::Searcher& searcher) {
    Pass& pass = passes_[progress_.pass];
    const StageGallery& gallery = galleries_[pass.gallery];
    SL_ASSIGN_OR_RETURN(StageLog log, StageLog::Open(pass.log, pass.key));
    if (!log.finished()) {
      Tell(pass);
      const LiveOptions live = {.direction = pass.direction,
                                .rerank_depth = pass.stage.depth,
                                .batch = 1,
                                .stop = options_.stop,
                                .top_k = HitsOf(pass.stage),
                                .from = log.outcomes().empty() ? 0 : log.outcomes().back().asked + 1,
                                .on_outcomes = [&](std::span<const QueryOutcome> outcomes) -> Status {
                                  SL_RETURN_IF_ERROR(log.Append(outcomes));
                                  pass.kept = log.outcomes().size();
                                  Tell(pass);
                                  return {};
                                }};
      SL_ASSIGN_OR_RETURN(const LiveReport report, RunLiveProtocol(searcher, gallery.fold.set, gallery.gallery, live));
      static_cast<void>(report);
      SL_RETURN_IF_ERROR(log.Finish(pass.total - log.outcomes().size()));
    }
    pass.finished = true;
    StageResult& result = results_[pass.result];
    (pass.direction == Direction::kTextToImage ? result.img : result.txt)
        .push_back(InWholeSet(log.outcomes(), gallery.fold, pass.direction));
    ++progress_.pass;
    return {};
  }

  void Tell(const Pass& pass) {
    if (!on_progress_) return;
    progress_.stage = pass.stage;
    progress_.direction = pass.direction;
    progress_.done = pass.kept;
    progress_.total = pass.total;
    progress_.reads = pass.reads;
    progress_.left.clear();
    for (const Pass& other : passes_) progress_.left[other.reads] += other.left();
    on_progress_(progress_);
  }

  std::span<const StageGallery> galleries_;
  encoder::Encoder& encoder_;
  const StageOptions& options_;
  const std::function<void(const StageProgress&)>& on_progress_;
  std::vector<std::string> contents_;
  std::vector<Pass> passes_;
  std::vector<StageResult> results_;
  StageProgress progress_;
};

}  // namespace

std::string NameOf(const Kind& kind) { return kind ? std::string(storage::NameOf(*kind)) : "exact"; }

Result<std::vector<StageResult>> RunStages(std::span<const StageGallery> galleries, encoder::Encoder& encoder,
                                           const StageOptions& options,
                                           const std::function<void(const StageProgress&)>& on_progress) {
  return StageRun(galleries, encoder, options, on_progress).Run();
}

}  // namespace sightline::eval
