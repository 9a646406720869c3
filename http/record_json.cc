// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "http/media_urls.h"
#include "http/record_json_internal.h"
#include "indexer/item_kind.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

json::string Text(std::string_view bytes) { return json::string(ValidUtf8(bytes)); }

json::object IndexJson(const storage::IndexStatus& index) {
  json::array segments;
  for (const storage::SegmentStatus& segment : index.segments) {
    segments.push_back(json::object{{"number", segment.number},
                                    {"kind", json::string(storage::NameOf(segment.kind))},
                                    {"units", segment.units},
                                    {"vectors", segment.rows},
                                    {"dead_vectors", segment.dead_rows},
                                    {"memory_bytes", segment.memory_bytes},
                                    {"disk_bytes", segment.disk_bytes}});
  }
  json::array damage;
  for (const std::string& what : index.damage) damage.push_back(Text(what));
  return {{"kind", json::string(storage::NameOf(index.options.kind))},
          {"row_format", json::string(storage::NameOf(index.options.rows))},
          {"exact_limit", index.options.exact_limit},
          {"seal_rows", index.options.seal_rows},
          {"exact_vectors", index.exact_rows},
          {"exact_bytes", index.exact_bytes},
          {"segments", std::move(segments)},
          {"background", Text(index.activity)},
          {"failure", Text(index.failure)},
          {"damage", std::move(damage)}};
}

uint64_t DoneOf(const storage::JobRecord& record) {
  return record.items_added + record.items_unchanged + record.items_duplicate + record.items_moved + record.error_count;
}

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

json::object ItemJson(std::string_view collection, const storage::ItemRecord& item) {
  using indexer::ItemKind;
  json::array paths;
  for (const storage::ItemPath& path : item.paths) paths.push_back(Text(path.path));
  json::array units;
  for (const UnitId unit : item.units) units.push_back(unit.value);
  const ItemKind kind = indexer::KindOf(item);
  const bool is_seen = kind == ItemKind::kPicture || kind == ItemKind::kVideo;
  const std::string* words = kind == ItemKind::kCaption ? indexer::CaptionWords(item.metadata) : nullptr;
  const auto duration_us = indexer::DurationUs(item.metadata);
  json::object out = {{"item_id", item.id.value},
                      {"kind", json::string(NameOf(kind))},
                      {"paths", std::move(paths)},
                      {"width", item.width},
                      {"height", item.height},
                      {"added_at", item.added_at},
                      {"unit_ids", std::move(units)},
                      {"text", words == nullptr ? json::value(nullptr) : json::value(Text(*words))},
                      {"duration_ms", duration_us ? json::value(*duration_us / 1000) : json::value(nullptr)},
                      {"metadata", MetadataJson(item.metadata)}};
  const auto url = [&](std::string made) { return is_seen ? json::value(json::string(made)) : json::value(nullptr); };
  out["thumbnail_url"] = url(ThumbnailUrl(collection, item.id));
  out["media_url"] = url(MediaUrl(collection, item.id));
  return out;
}

json::object CollectionJson(std::string_view name, const storage::CollectionConfig& config,
                            const storage::CollectionStats& stats) {
  return {{"collection", json::string(name)},
          {"items", stats.items},
          {"units", stats.units},
          {"vectors", stats.vectors},
          {"model", Text(config.model_name)},
          {"model_fingerprint", Text(config.model_fingerprint)},
          {"dim", config.dim},
          {"patch_storage", json::string(storage::NameOf(config.patch_storage))},
          {"patch_bytes", stats.token_bytes},
          {"thumbnail_bytes", stats.thumbnail_bytes},
          {"disk_bytes", stats.disk_bytes},
          {"epoch", stats.epoch.value},
          {"index", IndexJson(stats.index)}};
}

json::object JobJson(const JobView& job, size_t max_errors) {
  const storage::JobRecord& record = job.record;
  json::array inputs;
  for (const std::string& input : record.inputs) inputs.push_back(Text(input));
  json::array errors;
  for (size_t i = 0; i < std::min(max_errors, record.errors.size()); ++i) {
    errors.push_back(json::object{{"path", Text(record.errors[i].path)}, {"reason", Text(record.errors[i].reason)}});
  }
  const bool is_counted = job.progress && job.progress->scan_done;
  const uint64_t done = job.progress ? job.progress->done() : DoneOf(record);
  json::value total = is_counted ? json::value(job.progress->files_found) : json::value(nullptr);
  if (job.phase == JobPhase::kFinished) total = done;
  return {{"id", record.id.value},
          {"state", json::string(NameOf(job.phase))},
          {"inputs", std::move(inputs)},
          {"started_at", record.started_at},
          {"updated_at", record.updated_at},
          {"items_total", std::move(total)},
          {"items_done", done},
          {"items_added", record.items_added},
          {"items_unchanged", record.items_unchanged},
          {"items_duplicate", record.items_duplicate},
          {"items_moved", record.items_moved},
          {"error_count", record.error_count},
          {"errors", std::move(errors)},
          {"failure", job.failure.empty() ? json::value(nullptr) : json::value(Text(job.failure))},
          {"seconds_left", SecondsLeft(job)},
          {"progress", ProgressJson(job.progress)}};
}

}  // namespace sightline::http
