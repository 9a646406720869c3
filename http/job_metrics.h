// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>

#include "base/metrics.h"
#include "http/host.h"
#include "http/job_service.h"

namespace sightline::http {

/// Sets the gauges of one collection to what its jobs are doing: how many wait, run and stop, and how far the one that
/// runs has come.
void SetJobGauges(MetricsRegistry& registry, const std::string& collection, std::span<const JobView> jobs);

/// SetJobGauges for the collections that are open, whenever the registry is serialized. `host` and `jobs` must live as
/// long as that.
void ShowJobs(MetricsRegistry& registry, const Host& host, const JobService& jobs);

}  // namespace sightline::http
