// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "http/host.h"
#include "http/image_fetcher.h"
#include "http/router.h"
#include "http/task_pool.h"
#include "query/searcher.h"

namespace sightline::http {

/// What the search route works with. All must outlive the router.
struct SearchApi {
  Host& host;
  TaskPool& pool;  ///< Where requests are read and pictures decoded; searching has the gatherers' threads.
  const ImageFetcher& fetcher;
  size_t max_body_bytes = 64u << 20;
  /// Hears of every answer, for metrics; from the gatherers' threads. May be empty.
  std::function<void(std::string_view collection, const query::SearchAnswer& answer)> on_answer{};
};

/// POST /v1/collections/{c}/search: everything that `sightline search` can, with the same answer (docs/HTTP_API.md).
/// Too many searches: 503 with Retry-After. A cursor whose state is not held any more: 409 "cursor_expired".
void AddSearchRoute(Router& router, const SearchApi& api);

}  // namespace sightline::http
