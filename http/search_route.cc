// SPDX-License-Identifier: BSD-3-Clause
#include "http/search_route.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/guard.h"
#include "http/answer_json.h"
#include "http/picture_input.h"
#include "http/problem.h"
#include "http/search_request_internal.h"

namespace sightline::http {
namespace {

constexpr int kLongestRetryAfterS = 30;
constexpr size_t kMostHits = 1000;  // Of one search (query/searcher.h), so of all pages together.

// When it is worth coming again.
int RetryAfterSeconds(const HostedCollection& hosted) {
  const double seconds = std::ceil(hosted.gatherer->stats().wait_ms / 1000);
  return std::clamp(static_cast<int>(std::min<double>(seconds, kLongestRetryAfterS)), 1, kLongestRetryAfterS);
}

ProblemOr<void> FindPage(AskedSearch& asked, HostedCollection& hosted) {
  if (!asked.cursor) return {};
  asked.search.view = hosted.views.Find(asked.cursor->epoch);
  const auto newest = hosted.collection->View();
  if (!asked.search.view && newest->epoch() == asked.cursor->epoch) asked.search.view = newest;
  if (asked.search.view) return {};
  Problem problem(409, "cursor_expired", "the state that the cursor is bound to is not held any more: search again");
  problem.field = "/cursor";
  return tl::make_unexpected(std::move(problem));
}

// In the order of answers: what was reranked comes first.
bool IsBehind(const query::Hit& hit, const Cursor& cursor) {
  if (hit.rank_score) return cursor.reranked && *hit.rank_score < cursor.score;
  return cursor.reranked || double{hit.coarse_score} < cursor.score;
}

// How many of the hits were on the pages before (Cursor::last).
size_t ShownBefore(const AskedSearch& asked, const std::vector<query::Hit>& hits) {
  if (!asked.cursor) return 0;
  const Cursor& cursor = *asked.cursor;
  for (const uint64_t unit : cursor.last) {
    const auto is_it = [unit](const query::Hit& hit) { return hit.unit.value == unit; };
    const auto found = std::find_if(hits.begin(), hits.end(), is_it);
    if (found != hits.end()) return static_cast<size_t>(found - hits.begin()) + 1;
  }
  const auto next =
      std::find_if(hits.begin(), hits.end(), [&](const query::Hit& hit) { return IsBehind(hit, cursor); });
  return static_cast<size_t>(next - hits.begin());
}

// An order that a deadline cut short cannot be had again, so it has no next page. @param shown  with this page.
bool HasNextPage(const AskedSearch& asked, const query::SearchAnswer& answer, size_t shown) {
  const bool has_more = shown < answer.hits.size() || answer.hits.size() == asked.search.top_k;
  return has_more && shown < kMostHits && asked.search.limits.Check("page").has_value();
}

std::string NextCursor(const AskedSearch& asked, HostedCollection& hosted, const query::SearchAnswer& answer,
                       size_t shown) {
  if (!HasNextPage(asked, answer, shown)) return {};
  hosted.views.Hold(answer.view);
  Cursor next = {.epoch = answer.epoch,
                 .offset = shown,
                 .rerank_depth = answer.rerank_depth,
                 .read_depth = answer.stopped_at.value_or(answer.rerank_depth),
                 .query = asked.digest};
  for (size_t i = 0; i < std::min(next.last.size(), shown); ++i) next.last[i] = answer.hits[shown - 1 - i].unit.value;
  if (shown > 0) {
    const query::Hit& last = answer.hits[shown - 1];
    next.reranked = last.rank_score.has_value();
    next.score = last.rank_score.value_or(double{last.coarse_score});
  }
  return ToText(next);
}

Response AnswerOf(const Request& request, const AskedSearch& asked, HostedCollection& hosted,
                  Result<query::SearchAnswer> answer) {
  if (!answer) {
    Problem problem(std::move(answer).error());
    if (StatusOf(problem.error.code) == 503) problem.retry_after_s = RetryAfterSeconds(hosted);
    return ProblemResponse(request, problem);
  }
  std::vector<query::Hit>& hits = answer->hits;
  const size_t before = ShownBefore(asked, hits);
  const size_t shown = std::min(before + asked.page_size, hits.size());
  const ServedAnswer served = {.cursor = NextCursor(asked, hosted, *answer, shown)};
  hits.erase(hits.begin() + static_cast<std::ptrdiff_t>(shown), hits.end());
  hits.erase(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(before));
  return {.status = 200,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = AnswerJson(asked.subject, *answer, served)};
}

ProblemOr<void> Start(const SearchApi& api, const std::shared_ptr<const Request>& request, const Reply& reply) {
  SL_RETURN_IF_ERROR(request->limits.Check("waiting for a free worker"));
  SL_ASSIGN_OR_PROBLEM(AskedSearch read, ReadSearch(*request, api.fetcher));
  SL_RETURN_IF_PROBLEM(KeepModelPixels(api.host.encoder(), read.search.query.picture));
  SL_ASSIGN_OR_RETURN(std::shared_ptr<HostedCollection> hosted, api.host.Find(read.subject.collection));
  SL_RETURN_IF_PROBLEM(FindPage(read, *hosted));
  if (!read.has_depth) read.search.rerank_depth = query::DefaultRerankDepth(*hosted->collection);
  const auto policy = read.cursor ? query::DepthPolicy::kKeep : query::DepthPolicy::kMayShrink;
  query::SearchGatherer& gatherer = *hosted->gatherer;
  query::SearchRequest search = std::move(read.search);
  read.search = {};  // But for what the answer needs of it.
  read.search.top_k = search.top_k;
  read.search.limits = search.limits;
  auto answer = [api, request, reply, asked = std::move(read), hosted = std::move(hosted)](auto result) {
    Response response;
    const Status written = Guard("write the answer", [&]() -> Status {
      if (result && api.on_answer) api.on_answer(hosted->name, *result);
      response = AnswerOf(*request, asked, *hosted, std::move(result));
      return {};
    });
    reply(written ? std::move(response) : ProblemResponse(*request, written.error()));
  };
  gatherer.Submit(std::move(search), std::move(answer), policy);
  return {};
}

}  // namespace

void AddSearchRoute(Router& router, const SearchApi& api) {
  Handler handler = [api](std::shared_ptr<const Request> request, Reply reply) {
    const bool taken = api.pool.TrySubmit([api, request, reply] {
      ProblemOr<void> started;
      const Status guarded = Guard("search", [&]() -> Status {
        started = Start(api, request, reply);
        return {};
      });
      if (!guarded) started = tl::make_unexpected(Problem(guarded.error()));
      if (!started) reply(ProblemResponse(*request, started.error()));
    });
    if (!taken) reply(ProblemResponse(*request, Error{ErrorCode::kResourceExhausted, "too many requests wait"}));
  };
  router.Add({.method = Method::kPost,
              .pattern = "/v1/collections/{c}/search",
              .operation = "search",
              .access = Access::kRead,
              .handler = std::move(handler),
              .max_body_bytes = api.max_body_bytes});
}

}  // namespace sightline::http
