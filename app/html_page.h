// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/search_output.h"
#include "query/searcher.h"

namespace sightline::app {

/// Replaces what HTML reads as markup, in text and in quoted attributes; invalid UTF-8 becomes U+FFFD.
std::string HtmlEscape(std::string_view text);

/// A page that needs nothing but itself: the query, a grid of thumbnails with match words and probabilities, weak hits
/// folded, timings. Light and dark, no scripts.
/// @param thumbnails  JPEG bytes, one per hit; absent ones are shown as a placeholder.
/// @param query_thumbnail  JPEG of the picture that was searched with; may be empty.
std::string HtmlPage(const SearchSubject& subject, const query::SearchAnswer& answer,
                     std::span<const std::optional<std::vector<std::byte>>> thumbnails,
                     std::span<const std::byte> query_thumbnail);

}  // namespace sightline::app
