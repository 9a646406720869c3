// SPDX-License-Identifier: BSD-3-Clause
#include "query/searcher.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "query/coarse.h"
#include "query/collection_calibration.h"
#include "query/early_stop.h"
#include "query/encode.h"
#include "query/hydrate.h"
#include "query/moments.h"
#include "query/rerank.h"
#include "query/search_state.h"
#include "query/stopwatch.h"
#include "query/token_cache.h"
#include "query/tokens.h"

namespace sightline::query {
namespace {

std::unique_ptr<TokenCache> MakeCache(const SearcherOptions& options) {
  return options.patch_pool ? std::make_unique<TokenCache>(options.patch_pool)
                            : std::make_unique<TokenCache>(options.patch_cache_bytes);
}

std::vector<SearchState> MakeStates(std::span<const SearchRequest> requests, const storage::CollectionConfig& config,
                                    const encoder::Encoder* encoder) {
  std::vector<SearchState> states(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    states[i].request = &requests[i];
    states[i].answer.rerank_depth = requests[i].rerank_depth;
    auto plan = MakePlan(requests[i], config, encoder);
    if (plan) {
      states[i].plan = *plan;
    } else {
      states[i].FailWith(std::move(plan).error());
    }
  }
  return states;
}

bool AnyReranks(std::span<const SearchState> states) {
  return std::any_of(states.begin(), states.end(),
                     [](const SearchState& state) { return state.alive() && state.plan.rerank; });
}

void RerankAll(std::span<SearchState> states, const TokenSource& source, CollectionCalibration& own, Stopwatch& watch,
               StageTimings& timings) {
  for (SearchState& state : states) GiveUpRerankWhenLate(state);
  if (!AnyReranks(states)) return;
  const storage::CollectionSettings settings = source.collection.settings();
  for (SearchState& state : states) state.stop_margin = MarginOf(*state.request, settings);
  const auto calibration = own.Get(settings.calibration, source.encoder.info().calibration);
  if (calibration) return Rerank(states, source, **calibration, watch, timings);
  for (SearchState& state : states) {
    if (state.alive() && state.plan.rerank) state.FailWith(calibration.error());
  }
}

std::vector<Result<SearchAnswer>> TakeAnswers(std::vector<SearchState> states, const StageTimings& timings) {
  std::vector<Result<SearchAnswer>> answers;
  answers.reserve(states.size());
  for (SearchState& state : states) {
    if (!state.alive()) {
      answers.push_back(tl::unexpected<Error>(*std::move(state.failure)));
      continue;
    }
    state.answer.timings = timings;
    answers.push_back(std::move(state.answer));
  }
  return answers;
}

}  // namespace

size_t DefaultRerankDepth(const storage::Collection& collection) {
  return collection.settings().rerank_depth.value_or(SearchRequest().rerank_depth);
}

Searcher::Searcher(const storage::Collection& collection, encoder::Encoder* encoder, const SearcherOptions& options)
    : collection_(collection),
      encoder_(encoder),
      token_cache_(MakeCache(options)),
      calibration_(std::make_unique<CollectionCalibration>()) {}
Searcher::~Searcher() = default;

size_t Searcher::patch_cache_size_bytes() const { return token_cache_->size_bytes(); }

Result<encoder::Calibration> Searcher::calibration() const {
  if (encoder_ == nullptr) return Fail(ErrorCode::kFailedPrecondition, "without a model there is no calibration");
  SL_ASSIGN_OR_RETURN(const auto used,
                      calibration_->Get(collection_.settings().calibration, encoder_->info().calibration));
  return *used;
}

std::vector<Result<SearchAnswer>> Searcher::Search(std::span<const SearchRequest> requests) const {
  Stopwatch watch;
  StageTimings timings;
  const storage::RecordStore& records = collection_.records();
  std::vector<SearchState> states = MakeStates(requests, collection_.config(), encoder_);
  EncodeQueries(states, encoder_, records, collection_.config().dim);
  timings.encode_ms = watch.LapMs();
  FindCandidates(states, collection_.View(), records);
  timings.coarse_ms = watch.LapMs();
  if (AnyReranks(states)) {
    RerankAll(states, {collection_, *encoder_, *token_cache_}, *calibration_, watch, timings);
  }
  for (SearchState& state : states) {
    OrderAndHide(state);
    ShapeHits(state);
  }
  Hydrate(states, records);
  timings.total_ms = watch.TotalMs();
  return TakeAnswers(std::move(states), timings);
}

}  // namespace sightline::query
