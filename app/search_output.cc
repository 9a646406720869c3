// SPDX-License-Identifier: BSD-3-Clause
#include "app/search_output.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/explain.h"
#include "app/item_kind.h"
#include "app/match_word.h"
#include "app/text.h"

namespace sightline::app {
namespace {

std::string MatchCell(const query::Moment& hit) {
  if (!hit.match_probability) return "-";
  return fmt::format("{:.2f} {}", *hit.match_probability, MatchWord(*hit.match_probability));
}

bool IsWeak(const query::Moment& hit) { return hit.match_probability && *hit.match_probability < kWeakBelow; }

// Which columns a table has, and how wide they are.
struct TableShape {
  bool has_match = false;
  size_t item_width = 4;
  size_t time_width = 0;  // 0: no hit has a time.
};

TableShape ShapeOf(const query::SearchAnswer& answer) {
  TableShape shape = {.has_match = answer.reranked > 0};
  for (const query::Hit& hit : answer.hits) {
    shape.item_width = std::max(shape.item_width, std::to_string(hit.item.value).size());
    shape.time_width = std::max(shape.time_width, TimeCell(hit).size());
    for (const query::Moment& moment : hit.moments) {
      shape.time_width = std::max(shape.time_width, TimeCell(moment).size());
    }
  }
  return shape;
}

std::string Heading(const TableShape& shape) {
  std::string out = fmt::format("\n  {:>3}  {}{:>10}", "#", shape.has_match ? "  match        " : "", "similarity");
  if (shape.time_width > 0) out += fmt::format("  {:<{}}", "time", shape.time_width);
  return out + fmt::format("  {:>{}}  path\n", "item", shape.item_width);
}

std::string ScoreCells(const query::Moment& moment, const TableShape& shape) {
  std::string out;
  if (shape.has_match) out = fmt::format("{} {:<13}", IsWeak(moment) ? '~' : ' ', MatchCell(moment));
  out += fmt::format("{:>10.3f}", moment.coarse_score);
  if (shape.time_width > 0) out += fmt::format("  {:<{}}", TimeCell(moment), shape.time_width);
  return out;
}

// The hit, and below it the further moments of its group.
std::string HitRows(const query::Hit& hit, size_t rank, const TableShape& shape) {
  std::string out = fmt::format("  {:>3}  {}  {:>{}}  {}\n", rank, ScoreCells(hit, shape), hit.item.value,
                                shape.item_width, OneLine(NameOfHit(hit)));
  for (size_t i = 1; i < hit.moments.size(); ++i) {
    out += fmt::format("  {:>3}  {}\n", "", ScoreCells(hit.moments[i], shape));
  }
  return out;
}

// A vector of numbers would fill the screen.
std::string Shortened(std::string text) {
  constexpr size_t kShown = 40;
  if (text.size() > kShown && text.starts_with('[')) text = text.substr(0, kShown) + "...]";
  return text;
}

}  // namespace

std::string Describe(const SearchSubject& subject) {
  std::string out;
  if (!subject.words.empty()) out = fmt::format("\"{}\"", OneLine(subject.words));
  const std::string_view joint = out.empty() ? "" : ", ";
  if (!subject.picture.empty()) out += fmt::format("{}like {}", joint, OneLine(subject.picture));
  if (!subject.vector.empty()) out += fmt::format("{}near {}", joint, Shortened(OneLine(subject.vector)));
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
  if (subject.types.empty() && !subject.has_filter)
    return start + ": it has nothing that can be seen (captions: --type text)";
  return start + ": nothing passes the filter";
}

std::string TimeCell(const query::Moment& moment) {
  if (!moment.range) return {};
  std::string out = ClockTime(moment.range->start_us) + "-" + ClockTime(moment.range->end_us);
  if (moment.best_frame_us) out += ", best " + ClockTime(*moment.best_frame_us);
  return out;
}

std::string NameOfHit(const query::Hit& hit) {
  const std::string* words = hit.type == UnitType::kText ? CaptionWords(hit.metadata) : nullptr;
  return words == nullptr ? hit.path : fmt::format("\"{}\"  {}", *words, hit.path);
}

std::string Summary(const SearchSubject& subject, const query::SearchAnswer& answer) {
  const std::string of =
      answer.stopped_at ? fmt::format(" of {}", std::min(answer.rerank_depth, answer.candidates)) : std::string();
  std::string out = fmt::format("{} searched, {}{} reranked, {:.0f} ms", answer.searched, answer.reranked, of,
                                answer.timings.total_ms);
  if (!answer.hits.empty() && answer.below_min_match > 0 && subject.min_match) {
    out += fmt::format("; {} below {} hidden", answer.below_min_match, *subject.min_match);
  }
  if (answer.truncated_query) out += "; the query was too long, what was read is: " + OneLine(answer.cleaned_query);
  if (answer.degraded) out += "; degraded: " + OneLine(answer.degraded_reason);
  return out;
}

std::string AnswerTable(const SearchSubject& subject, const query::SearchAnswer& answer) {
  std::string out = fmt::format("{} in {}: {}\n", Describe(subject), subject.collection, Summary(subject, answer));
  const std::string explained = subject.explain ? ExplainText(answer) : std::string();
  if (answer.hits.empty()) return out + NoMatchSentence(subject, answer) + "\n" + explained;
  const TableShape shape = ShapeOf(answer);
  out += Heading(shape);
  for (size_t i = 0; i < answer.hits.size(); ++i) out += HitRows(answer.hits[i], i + 1, shape);
  if (shape.has_match && std::all_of(answer.hits.begin(), answer.hits.end(), IsWeak)) {
    out += "\nonly weak matches (~): more likely than not, none of these is what you look for\n";
  }
  return out + explained;
}

}  // namespace sightline::app
