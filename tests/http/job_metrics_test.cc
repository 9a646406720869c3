// SPDX-License-Identifier: BSD-3-Clause
#include "http/job_metrics.h"

#include <vector>

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using ::testing::HasSubstr;

JobView Job(JobPhase phase) {
  JobView view;
  view.phase = phase;
  return view;
}

TEST(JobMetricsTest, TheRunningJobShowsItsProgress) {
  JobView running = Job(JobPhase::kRunning);
  running.progress = indexer::IndexProgress();
  running.progress->files_found = 100;
  running.progress->added = 30;
  running.progress->failed = 2;
  const std::vector<JobView> jobs = {Job(JobPhase::kQueued), Job(JobPhase::kQueued), running, Job(JobPhase::kFinished)};
  MetricsRegistry registry;
  SetJobGauges(registry, "a", jobs);
  const std::string text = registry.Serialize();
  EXPECT_THAT(text, HasSubstr("sightline_jobs{collection=\"a\",state=\"queued\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sightline_jobs{collection=\"a\",state=\"running\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sightline_job_files_found{collection=\"a\"} 100\n"));
  EXPECT_THAT(text, HasSubstr("sightline_job_files_done{collection=\"a\"} 32\n"));
  EXPECT_THAT(text, HasSubstr("sightline_job_files_failed{collection=\"a\"} 2\n"));
}

TEST(JobMetricsTest, WithoutAJobEverythingIsZero) {
  MetricsRegistry registry;
  SetJobGauges(registry, "a", std::vector<JobView>{Job(JobPhase::kRunning)});
  SetJobGauges(registry, "a", std::vector<JobView>{Job(JobPhase::kFinished)});
  const std::string text = registry.Serialize();
  EXPECT_THAT(text, HasSubstr("sightline_jobs{collection=\"a\",state=\"running\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sightline_job_files_found{collection=\"a\"} 0\n"));
}

}  // namespace
}  // namespace sightline::http
