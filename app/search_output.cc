// SPDX-License-Identifier: BSD-3-Clause
#include "app/search_output.h"

#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "app/match_word.h"
#include "app/text.h"

namespace sightline::app {
namespace {

namespace json = boost::json;

std::string MatchCell(const query::Hit& hit) {
  if (!hit.match_probability) return "-";
  return fmt::format("{:.2f} {}", *hit.match_probability, MatchWord(*hit.match_probability));
}

bool IsWeak(const query::Hit& hit) { return hit.match_probability && *hit.match_probability < kWeakBelow; }

json::value MetadataJson(const MetadataValue& value) {
  struct Visitor {
    json::value operator()(const std::string& text) const { return json::string(ValidUtf8(text)); }
    json::value operator()(int64_t number) const { return number; }
    json::value operator()(double number) const { return number; }
    json::value operator()(const Timestamp& time) const { return time.seconds; }
    json::value operator()(bool flag) const { return flag; }
  };
  return std::visit(Visitor(), value);
}

json::object MetadataJson(const Metadata& metadata) {
  json::object out;
  for (const auto& [key, values] : metadata) {
    json::array list;
    for (const MetadataValue& value : values) list.push_back(MetadataJson(value));
    out[ValidUtf8(key)] = std::move(list);
  }
  return out;
}

template <typename T>
json::value OrNull(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

std::optional<int64_t> Milliseconds(std::optional<int64_t> microseconds) {
  if (!microseconds) return std::nullopt;
  return *microseconds / 1000;
}

json::object HitJson(const query::Hit& hit) {
  json::object out;
  out["item_id"] = hit.item.value;
  out["unit_id"] = hit.unit.value;
  out["type"] = json::string(NameOf(hit.type));
  out["path"] = json::string(ValidUtf8(hit.path));
  out["score"] = hit.rank_score ? *hit.rank_score : double{hit.coarse_score};
  out["match_probability"] = OrNull(hit.match_probability);
  out["match_logit"] = OrNull(hit.match_logit);
  out["coarse_score"] = hit.coarse_score;
  out["start_ms"] = OrNull(Milliseconds(hit.range ? std::optional(hit.range->start_us) : std::nullopt));
  out["end_ms"] = OrNull(Milliseconds(hit.range ? std::optional(hit.range->end_us) : std::nullopt));
  out["best_frame_ms"] = OrNull(Milliseconds(hit.best_frame_us));
  out["metadata"] = MetadataJson(hit.metadata);
  return out;
}

json::object QueryJson(const SearchSubject& subject, const query::SearchAnswer& answer) {
  json::object out;
  if (!subject.words.empty()) {
    out["text"] = json::string(ValidUtf8(subject.words));
    out["cleaned"] = json::string(ValidUtf8(answer.cleaned_query));
    out["truncated"] = answer.truncated_query;
  }
  if (!subject.picture.empty()) out["image"] = json::string(ValidUtf8(subject.picture));
  if (subject.item != 0) out["item_id"] = subject.item;
  return out;
}

size_t ItemWidth(const query::SearchAnswer& answer) {
  size_t width = 4;
  for (const query::Hit& hit : answer.hits) width = std::max(width, std::to_string(hit.item.value).size());
  return width;
}

}  // namespace

std::string Describe(const SearchSubject& subject) {
  std::string out;
  if (!subject.words.empty()) out = fmt::format("\"{}\"", OneLine(subject.words));
  const std::string_view joint = out.empty() ? "" : ", ";
  if (!subject.picture.empty()) out += fmt::format("{}like {}", joint, OneLine(subject.picture));
  if (subject.item != 0) out += fmt::format("{}like item {}", joint, subject.item);
  return out;
}

std::string NoMatchSentence(const SearchSubject& subject, const query::SearchAnswer& answer) {
  if (!answer.hits.empty()) return {};
  const std::string start = "no match for " + Describe(subject) + " in " + subject.collection;
  if (subject.units == 0) return start + ": the collection is empty";
  if (answer.degraded && subject.min_match) return start + ": nothing can be said without reranking";
  if (answer.below_min_match > 0 && subject.min_match) {
    return fmt::format("{}: all {} candidates are below the match probability {}", start, answer.below_min_match,
                       *subject.min_match);
  }
  return start + ": nothing passes the filter";
}

std::string Summary(const SearchSubject& subject, const query::SearchAnswer& answer) {
  std::string out =
      fmt::format("{} searched, {} reranked, {:.0f} ms", subject.units, answer.reranked, answer.timings.total_ms);
  if (!answer.hits.empty() && answer.below_min_match > 0 && subject.min_match) {
    out += fmt::format("; {} below {} hidden", answer.below_min_match, *subject.min_match);
  }
  if (answer.truncated_query) out += "; the query was too long, what was read is: " + OneLine(answer.cleaned_query);
  if (answer.degraded) out += "; degraded: " + OneLine(answer.degraded_reason);
  return out;
}

std::string AnswerTable(const SearchSubject& subject, const query::SearchAnswer& answer) {
  std::string out = fmt::format("{} in {}: {}\n", Describe(subject), subject.collection, Summary(subject, answer));
  if (answer.hits.empty()) return out + NoMatchSentence(subject, answer) + "\n";
  const size_t width = ItemWidth(answer);
  const bool has_match = answer.reranked > 0;
  out += fmt::format("\n  {:>3}  {}{:>10}  {:>{}}  path\n", "#", has_match ? "  match        " : "", "similarity",
                     "item", width);
  for (size_t i = 0; i < answer.hits.size(); ++i) {
    const query::Hit& hit = answer.hits[i];
    out += fmt::format("  {:>3}  ", i + 1);
    if (has_match) out += fmt::format("{} {:<13}", IsWeak(hit) ? '~' : ' ', MatchCell(hit));
    out += fmt::format("{:>10.3f}  {:>{}}  {}\n", hit.coarse_score, hit.item.value, width, OneLine(hit.path));
  }
  if (has_match && std::all_of(answer.hits.begin(), answer.hits.end(), IsWeak)) {
    out += "\nonly weak matches (~): more likely than not, none of these is what you look for\n";
  }
  return out;
}

std::string AnswerJson(const SearchSubject& subject, const query::SearchAnswer& answer) {
  json::object out;
  out["collection"] = subject.collection;
  out["query"] = QueryJson(subject, answer);
  json::array hits;
  for (const query::Hit& hit : answer.hits) hits.push_back(HitJson(hit));
  out["hits"] = std::move(hits);
  out["epoch"] = answer.epoch.value;
  out["candidates"] = answer.candidates;
  out["reranked"] = answer.reranked;
  out["below_min_match"] = answer.below_min_match;
  out["degraded"] = answer.degraded;
  out["degraded_reason"] = answer.degraded ? json::value(json::string(answer.degraded_reason)) : json::value(nullptr);
  const query::StageTimings& timings = answer.timings;
  out["timings_ms"] = {{"encode", timings.encode_ms},
                       {"coarse", timings.coarse_ms},
                       {"patches", timings.patches_ms},
                       {"rerank", timings.rerank_ms},
                       {"total", timings.total_ms}};
  return json::serialize(out);
}

}  // namespace sightline::app
