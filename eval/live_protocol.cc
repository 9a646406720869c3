// SPDX-License-Identifier: BSD-3-Clause
#include "eval/live_protocol.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace sightline::eval {
namespace {

constexpr size_t kMaxRerankDepth = 1024;
constexpr size_t kMaxHits = 1000;

struct Ranks {
  std::vector<size_t> coarse;
  std::vector<size_t> rank_score;
  std::vector<size_t> match_logit;
};

size_t RankOf(ItemId item, std::span<const query::Hit> hits) {
  const auto found = std::find_if(hits.begin(), hits.end(), [item](const query::Hit& hit) { return hit.item == item; });
  return found == hits.end() ? kNotRanked : static_cast<size_t>(found - hits.begin());
}

void AddRanks(ItemId wanted, std::vector<query::Hit> hits, Ranks& ranks) {
  ranks.rank_score.push_back(RankOf(wanted, hits));
  // Hits without a logit follow those that have one, in order of coarse score, as in the answer itself.
  std::stable_sort(hits.begin(), hits.end(),
                   [](const query::Hit& a, const query::Hit& b) { return a.match_logit > b.match_logit; });
  ranks.match_logit.push_back(RankOf(wanted, hits));
  std::stable_sort(hits.begin(), hits.end(),
                   [](const query::Hit& a, const query::Hit& b) { return a.coarse_score > b.coarse_score; });
  ranks.coarse.push_back(RankOf(wanted, hits));
}

Status SearchBatch(const query::Searcher& searcher, std::span<const EvalCaption* const> captions,
                   const Gallery& gallery, const LiveOptions& options, Ranks& ranks) {
  std::vector<query::SearchRequest> requests(captions.size());
  for (size_t i = 0; i < captions.size(); ++i) {
    requests[i].query.text = captions[i]->text;
    requests[i].rerank_depth = options.rerank_depth;
    requests[i].top_k = std::clamp(gallery.items.size(), size_t{1}, kMaxHits);
    requests[i].limits.stop = options.stop;
  }
  std::vector<Result<query::SearchAnswer>> answers = searcher.Search(requests);
  for (size_t i = 0; i < captions.size(); ++i) {
    if (!answers[i] && answers[i].error().code == ErrorCode::kInvalidArgument) continue;
    if (!answers[i]) return tl::unexpected<Error>(std::move(answers[i]).error());
    AddRanks(*gallery.items[captions[i]->image], std::move(answers[i]->hits), ranks);
  }
  return {};
}

}  // namespace

Result<LiveReport> RunLiveProtocol(const query::Searcher& searcher, const RetrievalSet& set, const Gallery& gallery,
                                   const LiveOptions& options) {
  if (options.rerank_depth > kMaxRerankDepth) {
    return Fail(ErrorCode::kInvalidArgument, "rerank depth " + std::to_string(options.rerank_depth) + " is above 1024");
  }
  std::vector<const EvalCaption*> captions;
  for (const EvalCaption& caption : set.captions) {
    if (gallery.items[caption.image]) captions.push_back(&caption);
  }
  const auto start = std::chrono::steady_clock::now();
  Ranks ranks;
  for (size_t begin = 0; begin < captions.size(); begin += options.batch) {
    const size_t size = std::min(options.batch, captions.size() - begin);
    SL_RETURN_IF_ERROR(SearchBatch(searcher, std::span(captions).subspan(begin, size), gallery, options, ranks));
    if (options.on_progress) options.on_progress(begin + size, captions.size());
  }
  return LiveReport{
      .coarse = MetricsOf(ranks.coarse),
      .rank_score = MetricsOf(ranks.rank_score),
      .match_logit = MetricsOf(ranks.match_logit),
      .queries = ranks.coarse.size(),
      .skipped = set.captions.size() - ranks.coarse.size(),
      .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
  };
}

}  // namespace sightline::eval
