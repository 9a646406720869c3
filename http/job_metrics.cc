// SPDX-License-Identifier: BSD-3-Clause
#include "http/job_metrics.h"

#include <algorithm>
#include <cstdint>

namespace sightline::http {

void SetJobGauges(MetricsRegistry& registry, const std::string& collection, std::span<const JobView> jobs) {
  for (const JobPhase phase : {JobPhase::kQueued, JobPhase::kRunning, JobPhase::kStopping}) {
    const auto count = std::ranges::count(jobs, phase, &JobView::phase);
    registry
        .GetGauge("sightline_jobs", "Jobs that have not ended.",
                  {{"collection", collection}, {"state", std::string(NameOf(phase))}})
        .Set(static_cast<double>(count));
  }
  indexer::IndexProgress progress;
  for (const JobView& job : jobs) {
    const bool runs = job.phase == JobPhase::kRunning || job.phase == JobPhase::kStopping;
    if (runs && job.progress) progress = *job.progress;
  }
  const auto set = [&](const char* name, const char* help, uint64_t value) {
    registry.GetGauge(name, help, {{"collection", collection}}).Set(static_cast<double>(value));
  };
  set("sightline_job_files_found", "Files that the running job has found so far.", progress.files_found);
  set("sightline_job_files_done", "Files that the running job has dealt with.", progress.done());
  set("sightline_job_files_failed", "Files of the running job that failed.", progress.failed);
}

void ShowJobs(MetricsRegistry& registry, const Host& host, const JobService& jobs) {
  registry.OnSerialize([&registry, &host, &jobs] {
    for (const auto& hosted : host.OpenOnes()) {
      // What cannot be read now keeps its last numbers.
      if (const auto views = jobs.List(*hosted)) SetJobGauges(registry, hosted->name, *views);
    }
  });
}

}  // namespace sightline::http
