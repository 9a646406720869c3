// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "http/api_internal.h"
#include "http/item_intake.h"
#include "http/job_json_internal.h"
#include "http/json_internal.h"
#include "indexer/job_inputs.h"
#include "indexer/shard_pattern.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr size_t kMaxBody = 4 << 20;
constexpr size_t kMaxInputs = 10'000;
constexpr uint64_t kDefaultErrors = 100;
constexpr size_t kListedErrors = 20;  // Of each job of a list.

tl::unexpected<Problem> Refuse(const Error& error, std::string field) {
  return tl::make_unexpected(Problem(error.code, error.message, std::move(field)));
}

// The names that a path stands for: itself, or those of a pattern as "shard-{000..012}.tar". What lies there under the
// very name of a pattern is meant itself, as on the command line.
Result<std::vector<std::string>> NamesOf(const Api& api, const std::string& path) {
  const bool may_be_pattern = path.find('{') != std::string::npos;
  if (!may_be_pattern || api.roots.Resolve(path)) return std::vector{path};
  return indexer::ExpandShardPattern(path, kMaxInputs);
}

// Where the path, or what its pattern stands for, really is.
Result<std::vector<fs::path>> Resolved(const Api& api, const std::string& path) {
  SL_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesOf(api, path));
  std::vector<fs::path> out;
  for (const std::string& name : names) {
    SL_ASSIGN_OR_RETURN(fs::path resolved, api.roots.Resolve(name));
    out.push_back(std::move(resolved));
  }
  return out;
}

// Where the paths of a request really are.
ProblemOr<std::vector<fs::path>> AllResolved(const Api& api, const std::vector<std::string>& paths,
                                             const std::string& field) {
  std::vector<fs::path> out;
  for (size_t i = 0; i < paths.size(); ++i) {
    auto resolved = Resolved(api, paths[i]);
    if (!resolved) return Refuse(resolved.error(), JsonPointer(field, i));
    out.insert(out.end(), resolved->begin(), resolved->end());
    if (out.size() <= kMaxInputs) continue;
    return Refuse({ErrorCode::kInvalidArgument, fmt::format("more than {} files", kMaxInputs)}, field);
  }
  return out;
}

void ReadOptions(ObjectReader& reader, indexer::IndexOptions& options) {
  double clip_seconds = static_cast<double>(options.clips.window_us) / 1e6;
  double clip_overlap = static_cast<double>(options.clips.overlap_us) / 1e6;
  uint64_t frames = static_cast<uint64_t>(options.clips.frames);
  uint64_t max_clips = options.clips.max_clips;
  reader.Number("clip_seconds", 0.1, 86400, &clip_seconds);
  reader.Number("clip_overlap", 0, 43200, &clip_overlap);
  reader.Integer("frames", 1, 64, &frames);
  reader.Integer("max_clips", 1, 1'000'000, &max_clips);
  reader.Bool("key_frames", &options.key_frames);
  reader.Bool("frame_vectors", &options.frame_vectors);
  if (clip_overlap > clip_seconds / 2) reader.Reject("clip_overlap", "must be at most half of clip_seconds");
  options.clips.window_us = std::llround(clip_seconds * 1e6);
  options.clips.overlap_us = std::llround(clip_overlap * 1e6);
  options.clips.frames = static_cast<int>(frames);
  options.clips.max_clips = max_clips;
}

// What a job works on, and how.
struct Task {
  indexer::IndexInputs inputs;
  indexer::IndexOptions options;
};

// A job that ended early, with the options that it had; its paths are held against the roots of today.
ProblemOr<Task> TaskToResume(const Api& api, const HostedCollection& hosted, uint64_t id) {
  const auto view = api.jobs.Find(hosted, JobId{id});
  if (!view) return Refuse(view.error(), "/resume");
  const bool is_over =
      view->phase == JobPhase::kStopped || view->phase == JobPhase::kFailed || view->phase == JobPhase::kInterrupted;
  if (!is_over) {
    return Refuse({ErrorCode::kFailedPrecondition, fmt::format("job {} is {}", id, NameOf(view->phase))}, "/resume");
  }
  auto inputs = indexer::InputsOfJob(view->record);
  if (!inputs) return Refuse(inputs.error(), "/resume");
  for (auto* paths : {&inputs->paths, &inputs->manifests, &inputs->captions}) {
    std::vector<fs::path> real;
    for (const fs::path& path : *paths) {
      auto resolved = api.media.Owns(hosted.name, path) ? Result<std::vector<fs::path>>(std::vector{path})
                                                        : Resolved(api, path.string());
      if (!resolved) return Refuse(resolved.error(), "/resume");
      real.insert(real.end(), resolved->begin(), resolved->end());
    }
    *paths = std::move(real);
  }
  auto options = indexer::OptionsOfJob(view->record, api.indexing);
  if (!options) return Refuse(options.error(), "/resume");
  return Task{*std::move(inputs), *options};
}

// What the body names, in the order of its fields.
struct NamedInputs {
  std::vector<std::string> paths;
  std::vector<std::string> manifests;
  std::vector<std::string> captions;
  uint64_t resume = 0;

  void Read(ObjectReader& reader) {
    reader.Texts("paths", kMaxInputs, &paths);
    reader.Texts("manifests", kMaxInputs, &manifests);
    reader.Texts("captions", kMaxInputs, &captions);
    reader.Integer("resume", 1, UINT64_MAX, &resume);
    const bool has_inputs = !paths.empty() || !manifests.empty() || !captions.empty();
    if (has_inputs == (resume != 0)) reader.Reject("paths", "give paths, manifests or captions, or a job to resume");
  }
};

ProblemOr<Task> ReadTask(const Api& api, const HostedCollection& hosted, const json::object& body) {
  ObjectReader reader(body, "");
  NamedInputs named;
  named.Read(reader);
  Task task = {.inputs = {}, .options = api.indexing};
  if (named.resume != 0 && reader.ok()) {
    SL_ASSIGN_OR_PROBLEM(task, TaskToResume(api, hosted, named.resume));
  }
  ReadOptions(reader, task.options);
  SL_RETURN_IF_PROBLEM(reader.Finish());
  if (named.resume == 0) {
    SL_ASSIGN_OR_PROBLEM(task.inputs.paths, AllResolved(api, named.paths, "/paths"));
    SL_ASSIGN_OR_PROBLEM(task.inputs.manifests, AllResolved(api, named.manifests, "/manifests"));
    SL_ASSIGN_OR_PROBLEM(task.inputs.captions, AllResolved(api, named.captions, "/captions"));
  }
  task.inputs.may_read = ReadableBy(api, hosted.name);
  return task;
}

ProblemOr<Response> StartJob(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {}));
  SL_ASSIGN_OR_PROBLEM(const json::object body, ParseJsonBody(request));
  SL_ASSIGN_OR_RETURN(auto hosted, CollectionOf(api.host, request));
  SL_ASSIGN_OR_PROBLEM(Task task, ReadTask(api, *hosted, body));
  SL_ASSIGN_OR_RETURN(const JobView job, api.jobs.Submit(hosted, std::move(task.inputs), task.options));
  Response response = JsonResponse(202, JobJson(job, 0));
  response.headers.Set("Location", fmt::format("/v1/collections/{}/jobs/{}", hosted->name, job.record.id.value));
  return response;
}

ProblemOr<Response> ListJobs(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {"limit"}));
  SL_ASSIGN_OR_PROBLEM(const uint64_t limit, QueryInteger(request, "limit", 1, 1000, 100));
  SL_ASSIGN_OR_RETURN(const auto hosted, CollectionOf(api.host, request));
  SL_ASSIGN_OR_RETURN(const std::vector<JobView> views, api.jobs.List(*hosted));
  json::array jobs;
  for (size_t i = 0; i < std::min<size_t>(limit, views.size()); ++i) jobs.push_back(JobJson(views[i], kListedErrors));
  return JsonResponse(200, json::object{{"jobs", std::move(jobs)}});
}

ProblemOr<Response> GetJob(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {"errors"}));
  SL_ASSIGN_OR_PROBLEM(const uint64_t errors,
                       QueryInteger(request, "errors", 0, storage::kMaxJobErrors, kDefaultErrors));
  SL_ASSIGN_OR_RETURN(const auto hosted, CollectionOf(api.host, request));
  SL_ASSIGN_OR_RETURN(const uint64_t id, IdOf(request));
  SL_ASSIGN_OR_RETURN(const JobView view, api.jobs.Find(*hosted, JobId{id}));
  return JsonResponse(200, JobJson(view, errors));
}

ProblemOr<Response> CancelJob(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {}));
  SL_ASSIGN_OR_RETURN(const auto hosted, CollectionOf(api.host, request));
  SL_ASSIGN_OR_RETURN(const uint64_t id, IdOf(request));
  SL_ASSIGN_OR_RETURN(const JobView view, api.jobs.Cancel(*hosted, JobId{id}));
  return JsonResponse(200, JobJson(view, kDefaultErrors));
}

}  // namespace

void AddJobRoutes(Router& router, const Api& api) {
  using Function = ProblemOr<Response> (*)(const Api&, const Request&);
  const auto add = [&](Method method, std::string pattern, std::string operation, Function function) {
    router.Add({.method = method,
                .pattern = std::move(pattern),
                .operation = std::move(operation),
                .access = method == Method::kGet ? Access::kRead : Access::kWrite,
                .handler = Answer(api.pool, [api, function](const Request& request) { return function(api, request); }),
                .max_body_bytes = method == Method::kPost ? kMaxBody : 0});
  };
  const std::string all = "/v1/collections/{c}/jobs";
  const std::string one = "/v1/collections/{c}/jobs/{id}";
  add(Method::kGet, all, "list_jobs", ListJobs);
  add(Method::kPost, all, "start_job", StartJob);
  add(Method::kGet, one, "get_job", GetJob);
  add(Method::kDelete, one, "cancel_job", CancelJob);
}

}  // namespace sightline::http
