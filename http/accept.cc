// SPDX-License-Identifier: BSD-3-Clause
#include "http/accept.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "http/field_list.h"

namespace sightline::http {
namespace {

/// How closely a range names a type; kNot: it is about others.
enum class Closeness { kNot, kAnything, kFamily, kType };

/// "text" and "html" of "text/html"; two empty parts for what is no type or range.
std::pair<std::string_view, std::string_view> PartsOf(std::string_view type) {
  const size_t slash = type.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == type.size()) return {};
  return {type.substr(0, slash), type.substr(slash + 1)};
}

Closeness ClosenessOf(std::string_view range, std::string_view media_type) {
  const auto [family, subtype] = PartsOf(range);
  const auto [wanted_family, wanted_subtype] = PartsOf(media_type);
  if (family == "*") return subtype == "*" ? Closeness::kAnything : Closeness::kNot;
  if (!EqualIgnoringCase(family, wanted_family)) return Closeness::kNot;
  if (subtype == "*") return Closeness::kFamily;
  return EqualIgnoringCase(subtype, wanted_subtype) ? Closeness::kType : Closeness::kNot;
}

/// A weight as RFC 9110, 12.4.2 writes it: 0 or 1 with up to three decimals.
std::optional<double> ParseWeight(std::string_view text) {
  const bool is_shaped =
      !text.empty() && text.size() <= 5 && (text[0] == '0' || text[0] == '1') && (text.size() == 1 || text[1] == '.');
  if (!is_shaped) return std::nullopt;
  double weight = text[0] - '0';
  double place = 0.1;
  for (const char digit : text.substr(std::min<size_t>(2, text.size()))) {
    if (digit < '0' || digit > '9') return std::nullopt;
    weight += place * (digit - '0');
    place /= 10;
  }
  return weight <= 1 ? std::optional(weight) : std::nullopt;
}

/// The weight of an element; absent for one that is not understood.
std::optional<double> WeightOf(std::string_view element) {
  if (PartsOf(FieldValue(element)).first.empty()) return std::nullopt;
  const auto given = FieldParameter(element, "q");
  return given ? ParseWeight(*given) : 1;
}

}  // namespace

double AcceptQuality(std::string_view accept, std::string_view media_type) {
  bool says_something = false;
  Closeness closest = Closeness::kNot;
  double quality = 0;
  for (const std::string_view element : FieldElements(accept)) {
    const auto weight = WeightOf(element);
    if (!weight) continue;
    says_something = true;
    const Closeness closeness = ClosenessOf(FieldValue(element), media_type);
    if (closeness == Closeness::kNot || closeness < closest) continue;
    quality = closeness == closest ? std::max(quality, *weight) : *weight;
    closest = closeness;
  }
  return says_something ? quality : 1;
}

std::optional<Problem> CheckAcceptable(const Headers& headers, std::span<const std::string_view> media_types) {
  std::string accept;  // Several fields of one name are one list (RFC 9110, 5.3).
  for (const auto& [name, value] : headers) {
    if (EqualIgnoringCase(name, "Accept")) accept.append(accept.empty() ? "" : ",").append(value);
  }
  const bool is_acceptable =
      accept.empty() || media_types.empty() ||
      std::ranges::any_of(media_types, [&accept](std::string_view type) { return AcceptQuality(accept, type) > 0; });
  if (is_acceptable) return std::nullopt;
  return Problem(406, "not_acceptable",
                 fmt::format("the answer is {}, which the Accept field does not take", fmt::join(media_types, " or ")));
}

}  // namespace sightline::http
