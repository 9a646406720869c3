// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>

#include "base/metrics.h"
#include "http/server.h"

namespace sightline::http {

/// Writes a line for a finished request to the log: kInfo; kError where the fault is ours.
void LogRequest(const RequestRecord& record);

/// Counts finished requests: sightline_http_requests_total{operation, method, status} and
/// sightline_http_request_seconds{operation}. `registry` must outlive what is returned, which is thread-safe.
std::function<void(const RequestRecord&)> CountRequests(MetricsRegistry& registry);

/// Adds what `server` has now: connections and requests in flight. Both must live as long as `registry` is serialized.
void ShowServer(MetricsRegistry& registry, const Server& server);

}  // namespace sightline::http
