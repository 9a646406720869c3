// SPDX-License-Identifier: BSD-3-Clause
#include "http/upload_cleaning.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "indexer/job_inputs.h"
#include "media/content_hash.h"
#include "media/source.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManifestEnding = ".jsonl";

// The files of one upload: itself, the manifest of its job, what an interrupted write left.
using Upload = std::vector<fs::path>;

bool IsMedia(const fs::path& file) {
  const std::string ending = file.extension().string();
  return ending != kManifestEnding && !ending.starts_with(".tmp");
}

// The inputs of all jobs that did not come to their end.
Result<std::vector<fs::path>> InputsThatMayBeResumed(const storage::Collection& collection) {
  std::vector<fs::path> out;
  SL_ASSIGN_OR_RETURN(const auto jobs, collection.Jobs());
  for (const storage::JobRecord& job : jobs) {
    if (job.state == storage::JobState::kFinished) continue;
    const auto inputs = indexer::InputsOfJob(job);
    if (!inputs) continue;  // An import: nothing of this collection's uploads.
    out.insert(out.end(), inputs->paths.begin(), inputs->paths.end());
    out.insert(out.end(), inputs->manifests.begin(), inputs->manifests.end());
  }
  return out;
}

// What is slow and seldom decides comes last. A file that cannot be read is needed.
Result<bool> IsNeeded(const storage::Collection& collection, const Upload& upload, const Limits& limits) {
  const storage::RecordStore& records = collection.records();
  for (const fs::path& file : upload) {
    SL_ASSIGN_OR_RETURN(const auto item, records.FindItem(file.string()));
    if (item) return true;
  }
  SL_ASSIGN_OR_RETURN(const auto inputs, InputsThatMayBeResumed(collection));
  const auto is_input = [&](const fs::path& file) {
    return std::find(inputs.begin(), inputs.end(), file) != inputs.end();
  };
  if (std::any_of(upload.begin(), upload.end(), is_input)) return true;
  for (const fs::path& file : upload) {
    if (!IsMedia(file)) continue;
    const auto hash = media::HashContent(media::Source::FromFile(file), limits);
    if (!hash) return true;
    SL_ASSIGN_OR_RETURN(const auto item, records.FindItem(*hash));
    if (item) return true;
  }
  return false;
}

Result<size_t> RemoveFiles(const Upload& upload) {
  size_t removed = 0;
  for (const fs::path& file : upload) {
    std::error_code error;
    removed += fs::remove(file, error) ? 1 : 0;
    if (error) return Fail(ErrorCode::kUnavailable, fmt::format("{}: {}", file.string(), error.message()));
  }
  return removed;
}

Result<size_t> RemoveLeftoversIn(const fs::path& folder, MediaStore& media, const storage::Collection& collection,
                                 const Limits& limits) {
  SL_ASSIGN_OR_RETURN(const auto files, MediaStore::FilesIn(folder));
  std::map<std::string, Upload> uploads;
  for (const fs::path& file : files) uploads[MediaStore::UploadOf(file).string()].push_back(file);
  size_t removed = 0;
  for (const auto& [path, upload] : uploads) {
    SL_RETURN_IF_ERROR(limits.Check("look for leftovers of uploads"));
    const fs::path one(path);
    SL_ASSIGN_OR_RETURN(const auto lock, media.Lock(std::span(&one, 1), limits));
    SL_ASSIGN_OR_RETURN(const bool is_needed, IsNeeded(collection, upload, limits));
    if (is_needed) continue;
    SL_ASSIGN_OR_RETURN(const size_t count, RemoveFiles(upload));
    removed += count;
  }
  return removed;
}

}  // namespace

Status RemoveUnusedUploads(MediaStore& media, std::string_view name, const storage::Collection& collection,
                           std::span<const std::string> paths, const Limits& limits) {
  for (const std::string& text : paths) {
    const fs::path path(text);
    if (!media.Owns(name, path)) continue;
    SL_ASSIGN_OR_RETURN(const auto lock, media.Lock(std::span(&path, 1), limits));
    SL_ASSIGN_OR_RETURN(const auto item, collection.records().FindItem(text));
    if (!item) SL_RETURN_IF_ERROR(media.Remove(path));
  }
  return {};
}

Result<size_t> RemoveLeftovers(MediaStore& media, std::string_view name, const storage::Collection& collection,
                               const Limits& limits) {
  SL_ASSIGN_OR_RETURN(const auto folders, media.FoldersOf(name));
  size_t removed = 0;
  for (const fs::path& folder : folders) {
    SL_ASSIGN_OR_RETURN(const size_t count, RemoveLeftoversIn(folder, media, collection, limits));
    removed += count;
  }
  return removed;
}

UploadCleaner::UploadCleaner(Host& host, MediaStore& media)
    : host_(host), media_(media), runner_([this](const std::stop_token& stop) { Run(stop); }) {}

void UploadCleaner::Add(std::string collection) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(collection));
  wake_.notify_all();
}

void UploadCleaner::Run(const std::stop_token& stop) {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (!wake_.wait(lock, stop, [this] { return !waiting_.empty(); }) || stop.stop_requested()) return;
    const std::string collection = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    const Status cleaned = Clean(collection, stop);
    if (cleaned || stop.stop_requested()) continue;
    Log(LogLevel::kWarning,
        fmt::format("leftovers of uploads to collection \"{}\": {}", collection, cleaned.error().message));
  }
}

Status UploadCleaner::Clean(const std::string& collection, const std::stop_token& stop) {
  const Limits limits = {.stop = stop};
  SL_ASSIGN_OR_RETURN(const auto folders, media_.FoldersOf(collection));
  size_t removed = 0;
  for (const fs::path& folder : folders) {
    const auto hosted = host_.Find(collection);
    if (!hosted) return {};  // It was dropped.
    SL_ASSIGN_OR_RETURN(const size_t count, RemoveLeftoversIn(folder, media_, *(*hosted)->collection, limits));
    removed += count;
  }
  if (removed > 0) {
    Log(LogLevel::kInfo, fmt::format("removed {} leftovers of uploads to collection \"{}\"", removed, collection));
  }
  return {};
}

}  // namespace sightline::http
