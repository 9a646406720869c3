// SPDX-License-Identifier: BSD-3-Clause
#include "http/answer_json.h"

#include <utility>

#include <boost/json.hpp>

#include "base/utf8.h"
#include "http/media_urls.h"
#include "http/metadata_json_internal.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

json::string Text(std::string_view bytes) { return json::string(ValidUtf8(bytes)); }

template <typename T>
json::value OrNull(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

std::optional<int64_t> Milliseconds(std::optional<int64_t> microseconds) {
  if (!microseconds) return std::nullopt;
  return *microseconds / 1000;
}

void AddMoment(const query::Moment& moment, json::object& out) {
  out["unit_id"] = moment.unit.value;
  out["score"] = moment.rank_score ? *moment.rank_score : double{moment.coarse_score};
  out["match_probability"] = OrNull(moment.match_probability);
  out["match_logit"] = OrNull(moment.match_logit);
  out["coarse_score"] = moment.coarse_score;
  out["start_ms"] = OrNull(Milliseconds(moment.range ? std::optional(moment.range->start_us) : std::nullopt));
  out["end_ms"] = OrNull(Milliseconds(moment.range ? std::optional(moment.range->end_us) : std::nullopt));
  out["best_frame_ms"] = OrNull(Milliseconds(moment.best_frame_us));
  out["clips"] = moment.clips;
}

// The frame that shows a moment best; nothing for what is no clip.
std::optional<int64_t> FrameOf(const query::Moment& moment) {
  if (moment.best_frame_us || !moment.range) return moment.best_frame_us;
  return moment.range->start_us + (moment.range->end_us - moment.range->start_us) / 2;
}

// Where the bytes are. A caption has none.
void AddUrls(const std::string& collection, const query::Hit& hit, const query::Moment& moment, json::object& out) {
  const auto url = [](bool is_there, std::string made) {
    return is_there ? json::value(json::string(made)) : json::value(nullptr);
  };
  const bool is_seen = hit.type != UnitType::kText;
  const std::optional<int64_t> frame_us = FrameOf(moment);
  out["thumbnail_url"] = url(is_seen, ThumbnailUrl(collection, hit.item, moment.unit));
  out["media_url"] = url(is_seen, MediaUrl(collection, hit.item));
  out["frame_url"] = url(is_seen && frame_us, FrameUrl(collection, hit.item, frame_us.value_or(0)));
}

json::object HitJson(const std::string& collection, const query::Hit& hit, bool with_urls) {
  json::object out;
  out["item_id"] = hit.item.value;
  out["type"] = json::string(NameOf(hit.type));
  out["path"] = Text(hit.path);
  AddMoment(hit, out);
  if (with_urls) AddUrls(collection, hit, hit, out);
  out["metadata"] = MetadataJson(hit.metadata);
  if (hit.moments.empty()) return out;
  json::array moments;
  for (const query::Moment& moment : hit.moments) {
    json::object& one = moments.emplace_back(json::object()).as_object();
    AddMoment(moment, one);
    if (with_urls) AddUrls(collection, hit, moment, one);
  }
  out["moments"] = std::move(moments);
  return out;
}

json::object QueryJson(const SearchSubject& subject, const query::SearchAnswer& answer) {
  json::object out;
  if (!subject.words.empty()) {
    out["text"] = Text(subject.words);
    out["cleaned"] = Text(answer.cleaned_query);
    out["truncated"] = answer.truncated_query;
  }
  if (!subject.picture.empty()) out["image"] = Text(subject.picture);
  if (!subject.vector.empty()) out["vector"] = Text(subject.vector);
  if (subject.item != 0) out["item_id"] = subject.item;
  return out;
}

json::object TimingsJson(const query::StageTimings& timings) {
  return {{"queue", timings.queue_ms},     {"encode", timings.encode_ms}, {"coarse", timings.coarse_ms},
          {"patches", timings.patches_ms}, {"rerank", timings.rerank_ms}, {"total", timings.total_ms}};
}

// But for times and scores, which every answer has.
json::object ExplainJson(const query::SearchAnswer& answer) {
  const storage::SearchStats& stats = answer.coarse;
  const storage::FilterPlan& plan = stats.filter;
  json::object filter;
  filter["strategy"] = json::string(NameOf(plan.strategy));
  const bool is_known = plan.items != nullptr;
  filter["items_possible"] = is_known ? json::value(plan.items_possible) : json::value(nullptr);
  filter["items"] = is_known ? json::value(plan.items_in_all) : json::value(nullptr);
  filter["exact"] = plan.is_exact;
  filter["terms_read"] = plan.terms_read;
  filter["conditions_cached"] = plan.clauses_cached;
  filter["records_read"] = stats.records_read;
  json::object coarse;
  coarse["units_asked_for"] = answer.coarse_k;
  coarse["units_found"] = answer.candidates;
  coarse["rounds"] = answer.coarse_rounds;
  coarse["vectors_scored"] = stats.vectors_scanned;
  coarse["units_left_out"] = stats.units_filtered_out;
  json::object rerank;
  rerank["depth"] = answer.rerank_depth;
  rerank["read"] = answer.reranked;
  rerank["stopped_at"] = OrNull(answer.stopped_at);
  return {{"filter", std::move(filter)}, {"coarse", std::move(coarse)}, {"rerank", std::move(rerank)}};
}

}  // namespace

std::string AnswerJson(const SearchSubject& subject, const query::SearchAnswer& answer,
                       const std::optional<ServedAnswer>& served) {
  json::object out;
  out["collection"] = subject.collection;
  out["query"] = QueryJson(subject, answer);
  json::array hits;
  for (const query::Hit& hit : answer.hits) hits.push_back(HitJson(subject.collection, hit, served.has_value()));
  out["hits"] = std::move(hits);
  out["epoch"] = answer.epoch.value;
  out["searched"] = answer.searched;
  out["candidates"] = answer.candidates;
  out["reranked"] = answer.reranked;
  out["patches_cached"] = answer.patches_cached;
  out["below_min_match"] = answer.below_min_match;
  out["degraded"] = answer.degraded;
  out["degraded_reason"] = answer.degraded ? json::value(json::string(answer.degraded_reason)) : json::value(nullptr);
  out["timings_ms"] = TimingsJson(answer.timings);
  if (served) out["cursor"] = served->cursor.empty() ? json::value(nullptr) : json::value(Text(served->cursor));
  if (subject.explain) out["explain"] = ExplainJson(answer);
  return json::serialize(out);
}

}  // namespace sightline::http
