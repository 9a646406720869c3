// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>

#include "base/utf8.h"
#include "http/media_urls.h"
#include "http/metadata_json_internal.h"
#include "http/record_json_internal.h"
#include "http/record_text.h"
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
          {"probes", index.options.probes},
          {"ef_search", index.options.ef_search},
          {"refine_factor", index.options.refine_factor},
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

}  // namespace

json::object ItemJson(const storage::ItemRecord& item, std::optional<std::string_view> served_from) {
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
  if (!served_from) return out;
  const auto url = [&](std::string made) { return is_seen ? json::value(json::string(made)) : json::value(nullptr); };
  out["thumbnail_url"] = url(ThumbnailUrl(*served_from, item.id));
  out["media_url"] = url(MediaUrl(*served_from, item.id));
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

json::object JobRecordJson(const storage::JobRecord& job, std::string_view state, size_t max_errors) {
  json::array inputs;
  for (const std::string& input : job.inputs) inputs.push_back(Text(input));
  json::array errors;
  for (size_t i = 0; i < std::min(max_errors, job.errors.size()); ++i) {
    errors.push_back(json::object{{"path", Text(job.errors[i].path)}, {"reason", Text(job.errors[i].reason)}});
  }
  return {{"id", job.id.value},
          {"state", Text(state)},
          {"inputs", std::move(inputs)},
          {"started_at", job.started_at},
          {"updated_at", job.updated_at},
          {"items_done", DoneOf(job)},
          {"items_added", job.items_added},
          {"items_unchanged", job.items_unchanged},
          {"items_duplicate", job.items_duplicate},
          {"items_moved", job.items_moved},
          {"error_count", job.error_count},
          {"errors", std::move(errors)}};
}

std::string ItemText(const storage::ItemRecord& item, std::optional<std::string_view> served_from) {
  return json::serialize(ItemJson(item, served_from));
}

std::string CollectionText(std::string_view name, const storage::CollectionConfig& config,
                           const storage::CollectionStats& stats) {
  return json::serialize(CollectionJson(name, config, stats));
}

std::string JobText(const storage::JobRecord& job, std::string_view state, size_t max_errors) {
  return json::serialize(JobRecordJson(job, state, max_errors));
}

}  // namespace sightline::http
