// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include "base/filter.h"
#include "base/result.h"

namespace sightline::query {

/// Reads a filter from JSON in the form that Qdrant made known (README, "Filters"):
///
///   {"must": [{"key": "album", "match": {"any": ["Rome", "Naples"]}},
///             {"key": "taken_at", "range": {"gte": "2024-05-01", "lt": "2024-06-01"}},
///             {"should": [{"path": "/photos/2024/"}, {"key": "stars", "exists": true}]}],
///    "must_not": [{"key": "camera", "prefix": "Canon"}], "type": ["image", "clip"]}
///
/// `must`, `should` and `must_not` take a list of clauses or one clause; a clause is a condition or a filter. A
/// condition is a `key` with exactly one of `match` (`value`, `any`, `except`), `range` (`gt`, `gte`, `lt`, `lte`),
/// `prefix` and `exists`, or a `path` alone. Values are typed as in manifests: text, integer, other number, true,
/// false, and times as
/// {"time": "2024-05-01T18:30:00Z"} or {"time": seconds}; bare strings are times where nothing else makes sense, under
/// the key "taken_at" and in a range. `{}` lets everything through.
///
/// At most 1 MiB of text, 8 levels of filters, 1,000 conditions, 10,000 values.
/// Errors: kInvalidArgument: not JSON (with the place in the text), or what is wrong and where ("must[1].range.gte").
Result<Filter> ParseFilter(std::string_view text);

}  // namespace sightline::query
