// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string_view>

#include "base/metrics.h"
#include "http/host.h"
#include "query/searcher.h"

namespace sightline::http {

/// Shows the collections that are open whenever the registry is serialized: items, units, vectors, bytes, and what
/// their gatherers have to do. What any metric tells of a collection (label "collection") that is not there any more is
/// forgotten then. `host` must live as long as that.
void ShowHost(MetricsRegistry& registry, const Host& host);

/// Takes every answer of a search: stage timings, reranked candidates and how many of them were in memory already,
/// degraded answers. Thread-safe; `registry` must outlive it.
std::function<void(std::string_view collection, const query::SearchAnswer& answer)> CountSearches(
    MetricsRegistry& registry);

}  // namespace sightline::http
