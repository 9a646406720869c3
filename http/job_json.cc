// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include "base/utf8.h"
#include "http/job_json_internal.h"
#include "http/record_json_internal.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

json::string Text(std::string_view bytes) { return json::string(ValidUtf8(bytes)); }

// Of a run whose end can be seen, if it goes on as it did.
json::value SecondsLeft(const JobView& job) {
  if (!job.progress || !job.progress->scan_done || job.progress->done() == 0) return nullptr;
  if (job.phase != JobPhase::kRunning) return nullptr;
  const auto done = static_cast<double>(job.progress->done());
  return job.progress->seconds / done * (static_cast<double>(job.progress->files_found) - done);
}

// What it was looking at when it was last heard of; null for a job that did not run in this process.
json::value ProgressJson(const std::optional<indexer::IndexProgress>& progress) {
  if (!progress) return nullptr;
  json::value scan = nullptr;
  if (const auto& video = progress->video_scan) {
    scan = json::object{
        {"path", Text(video->path)}, {"seconds", video->seconds}, {"length_seconds", video->length_seconds}};
  }
  return json::object{{"files_found", progress->files_found},
                      {"scan_done", progress->scan_done},
                      {"clips", progress->clips},
                      {"video_seconds", progress->video_seconds},
                      {"units_encoded", progress->encoded},
                      {"seconds", progress->seconds},
                      {"video_scan", std::move(scan)}};
}

}  // namespace

json::object JobJson(const JobView& job, size_t max_errors) {
  json::object out = JobRecordJson(job.record, NameOf(job.phase), max_errors);
  const bool is_counted = job.progress && job.progress->scan_done;
  if (job.progress) out["items_done"] = job.progress->done();
  json::value total = is_counted ? json::value(job.progress->files_found) : json::value(nullptr);
  if (job.phase == JobPhase::kFinished) total = out["items_done"];
  out["items_total"] = std::move(total);
  out["failure"] = job.failure.empty() ? json::value(nullptr) : json::value(Text(job.failure));
  out["seconds_left"] = SecondsLeft(job);
  out["progress"] = ProgressJson(job.progress);
  return out;
}

}  // namespace sightline::http
