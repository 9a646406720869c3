// SPDX-License-Identifier: BSD-3-Clause
#include "http/item_intake.h"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/check.h"
#include "base/log.h"
#include "http/api_internal.h"
#include "http/upload_cleaning.h"
#include "media/source.h"
#include "media/video_reader.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// A stop token that fires with that of `limits`, and at their deadline.
class StopAtLimits {
 public:
  explicit StopAtLimits(const Limits& limits)
      : forward_(limits.stop, [this] { stop_.request_stop(); }),
        timer_([this, deadline = limits.deadline](const std::stop_token& done) {
          if (deadline == std::chrono::steady_clock::time_point::max()) return;
          std::unique_lock lock(mutex_);
          wake_.wait_until(lock, done, deadline, [] { return false; });
          if (!done.stop_requested()) stop_.request_stop();
        }) {}

  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread timer_;
};

Result<std::optional<storage::ItemRecord>> FindByPath(const storage::Collection& collection, const fs::path& path) {
  SL_ASSIGN_OR_RETURN(const auto id, collection.records().FindItem(path.string()));
  if (!id) return std::nullopt;
  SL_ASSIGN_OR_RETURN(auto items, collection.records().GetItems(std::span(&*id, 1)));
  return std::move(items[0]);
}

Intake::Outcome OutcomeOf(const indexer::IndexProgress& progress) {
  if (progress.updated > 0) return Intake::Outcome::kUpdated;
  if (progress.added > 0) return Intake::Outcome::kAdded;
  if (progress.moved > 0) return Intake::Outcome::kMoved;
  return progress.duplicate > 0 ? Intake::Outcome::kDuplicate : Intake::Outcome::kUnchanged;
}

Status CheckHasModel(const HostedCollection& hosted) {
  if (hosted.encoder != nullptr && !hosted.collection->config().model_fingerprint.empty()) return {};
  return Fail(ErrorCode::kFailedPrecondition,
              fmt::format("collection \"{}\" has no model: only vectors can be added to it", hosted.name));
}

// Indexes one picture or caption, which is stored under `path`.
Result<Intake> IndexNow(const Api& api, HostedCollection& hosted, const indexer::IndexInputs& inputs,
                        const fs::path& path, const Limits& limits) {
  indexer::IndexOptions options = api.indexing;
  options.decode_threads = 1;
  const StopAtLimits stop(limits);
  indexer::Indexer indexer(*hosted.collection, *hosted.encoder, options);
  SL_ASSIGN_OR_RETURN(const indexer::IndexReport report, indexer.RunUnrecorded(inputs, nullptr, stop.token()));
  if (!report.errors.empty()) return Fail(ErrorCode::kInvalidArgument, report.errors[0].reason);
  if (report.progress.done() == 0) {
    SL_RETURN_IF_ERROR(limits.Check("index the item"));
    return Fail(ErrorCode::kUnavailable, "indexing ended before the item was looked at");
  }
  SL_ASSIGN_OR_RETURN(auto item, FindByPath(*hosted.collection, path));
  if (!item) return Fail(ErrorCode::kUnavailable, "the item was removed as soon as it was there");
  return Intake{.outcome = OutcomeOf(report.progress), .item = std::move(item), .job = std::nullopt};
}

// What a job reads instead of the request: the video and what was said about it.
std::string ManifestOf(const BroughtFile& file) {
  return json::serialize(json::object{{"path", file.path.string()}, {"metadata", json::parse(file.metadata_json)}}) +
         "\n";
}

// Its name is that of an upload with another ending, so that it goes with it; for a file elsewhere it is made of the
// path.
fs::path ManifestPath(const Api& api, const HostedCollection& hosted, const BroughtFile& file) {
  if (file.content) return fs::path(file.path).replace_extension("jsonl");
  return api.media.PathOf(hosted.name, file.path.string(), "jsonl");
}

Result<Intake> IndexLater(const Api& api, std::shared_ptr<HostedCollection> hosted, const BroughtFile& file) {
  indexer::IndexInputs inputs;
  if (file.metadata) {
    inputs.manifests = {ManifestPath(api, *hosted, file)};
    SL_RETURN_IF_ERROR(api.media.Replace(inputs.manifests[0], ManifestOf(file)));
  } else {
    inputs.paths = {file.path};
  }
  inputs.may_read = ReadableBy(api, hosted->name);
  SL_ASSIGN_OR_RETURN(JobView job, api.jobs.Submit(std::move(hosted), std::move(inputs), api.indexing));
  return Intake{.outcome = Intake::Outcome::kQueued, .item = std::nullopt, .job = std::move(job)};
}

Result<Intake> Index(const Api& api, std::shared_ptr<HostedCollection> hosted, const BroughtFile& file,
                     const Limits& limits) {
  SL_ASSIGN_OR_RETURN(const bool is_video, media::LooksLikeVideo(media::Source::FromFile(file.path)));
  if (is_video) return IndexLater(api, std::move(hosted), file);
  indexer::IndexInputs inputs;
  inputs.files = {{.path = file.path, .metadata = file.metadata}};
  return IndexNow(api, *hosted, inputs, file.path, limits);
}

Result<storage::ItemRecord> ReadItem(const HostedCollection& hosted, ItemId id) {
  SL_ASSIGN_OR_RETURN(auto items, hosted.collection->records().GetItems(std::span(&id, 1)));
  if (items[0]) return *std::move(items[0]);
  return Fail(ErrorCode::kNotFound, fmt::format("collection \"{}\" has no item {}", hosted.name, id.value));
}

}  // namespace

std::function<bool(const fs::path&)> ReadableBy(const Api& api, const std::string& collection) {
  return [roots = &api.roots, media = &api.media, collection](const fs::path& path) {
    return roots->Contains(path) || media->Owns(collection, path);
  };
}

std::string_view NameOf(Intake::Outcome outcome) {
  switch (outcome) {
    case Intake::Outcome::kAdded:
      return "added";
    case Intake::Outcome::kUpdated:
      return "updated";
    case Intake::Outcome::kUnchanged:
      return "unchanged";
    case Intake::Outcome::kDuplicate:
      return "duplicate";
    case Intake::Outcome::kMoved:
      return "moved";
    case Intake::Outcome::kQueued:
      return "queued";
  }
  CheckFailed("NameOf: not an Outcome", __FILE__, __LINE__);
}

Result<Intake> TakeIn(const Api& api, std::shared_ptr<HostedCollection> hosted, const BroughtFile& file,
                      const Limits& limits) {
  SL_RETURN_IF_ERROR(CheckHasModel(*hosted));
  const fs::path locked = file.content ? file.path : ManifestPath(api, *hosted, file);
  SL_ASSIGN_OR_RETURN(const auto lock, api.media.Lock(std::span(&locked, 1), limits));
  if (!file.content) return Index(api, std::move(hosted), file, limits);
  SL_ASSIGN_OR_RETURN(const bool is_new, api.media.Put(file.path, *file.content));
  auto intake = Index(api, hosted, file, limits);
  if (intake || !is_new) return intake;
  const auto item = FindByPath(*hosted->collection, file.path);
  if (item && !*item) SL_RETURN_IF_ERROR(api.media.Remove(file.path));
  return intake;
}

Result<Intake> TakeIn(const Api& api, HostedCollection& hosted, const indexer::GivenCaption& caption,
                      const Limits& limits) {
  SL_RETURN_IF_ERROR(CheckHasModel(hosted));
  indexer::IndexInputs inputs;
  inputs.texts = {caption};
  return IndexNow(api, hosted, inputs, caption.path, limits);
}

Status RemoveItem(const Api& api, HostedCollection& hosted, ItemId id, const Limits& limits) {
  SL_ASSIGN_OR_RETURN(auto changing, LockForChange(*hosted.collection, limits));
  SL_ASSIGN_OR_RETURN(const storage::ItemRecord before, ReadItem(hosted, id));
  storage::WriteSet changes;
  changes.remove_items = {id};
  SL_RETURN_IF_ERROR(hosted.collection->Commit(changes));
  changing.unlock();
  std::vector<std::string> paths;
  for (const storage::ItemPath& path : before.paths) paths.push_back(path.path);
  const Status cleaned = RemoveUnusedUploads(api.media, hosted.name, *hosted.collection, paths, limits);
  // The item is gone, as was asked for. What is left of it goes when the collection is opened next.
  if (!cleaned) Log(LogLevel::kWarning, fmt::format("an upload is left: {}", cleaned.error().message));
  return {};
}

}  // namespace sightline::http
