// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "http/answer_json.h"
#include "http/cursor.h"
#include "http/image_fetcher.h"
#include "http/message.h"
#include "http/problem.h"
#include "query/searcher.h"

namespace sightline::http {

/// A search as a request asks for it.
struct AskedSearch {
  query::SearchRequest search;   ///< With the request's limits; `top_k` counts from the first hit of all pages.
  SearchSubject subject;         ///< All but `units`.
  std::optional<Cursor> cursor;  ///< Of the page that is asked for; it belongs to this search.
  /// Whether the request or its cursor says how deep to rerank; otherwise the collection does.
  bool has_depth = false;
  uint64_t digest = 0;   ///< Of the search, whichever page.
  size_t page_size = 0;  ///< Hits of this page, at most.
};

/// Reads the body of a search: JSON, or a form with the JSON as `request` and a picture as `image`. Decodes pictures
/// and fetches those that are named by address: call it from a worker.
/// Errors: kInvalidArgument (with the field), 415, and those of picture_input.h.
ProblemOr<AskedSearch> ReadSearch(const Request& request, const ImageFetcher& fetcher);

}  // namespace sightline::http
