// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>

#include "base/metrics.h"
#include "base/result.h"
#include "http/router.h"
#include "http/task_pool.h"

namespace sightline::http {

struct ProbeOptions {
  /// Whether searches can be answered now; an Error says why not. Runs on the pool.
  std::function<Status()> ready{};
  /// Who may read /metrics. It names all collections and tells what is in them.
  Access metrics_access = Access::kReadAll;
};

/// GET /healthz (the process answers), /readyz (200, or 503 with the reason) and /metrics. `pool` and `registry` must
/// outlive the router.
void AddProbeRoutes(Router& router, TaskPool& pool, MetricsRegistry& registry, ProbeOptions options);

}  // namespace sightline::http
