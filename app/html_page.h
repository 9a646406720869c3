// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "app/search_output.h"
#include "query/searcher.h"
#include "query/stills.h"

namespace sightline::app {

/// A page that needs nothing but itself: the query, a grid of pictures, stills of clips with their times and words of
/// captions, each with match word and probability, weak hits folded, timings. A clip links to its video at its start.
/// Light and dark, no scripts.
/// @param stills  one per hit; empty ones are shown as a placeholder.
/// @param query_thumbnail  JPEG of the picture that was searched with; may be empty.
std::string HtmlPage(const SearchSubject& subject, const query::SearchAnswer& answer,
                     std::span<const query::Still> stills, std::span<const std::byte> query_thumbnail);

}  // namespace sightline::app
