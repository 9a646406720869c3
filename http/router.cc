// SPDX-License-Identifier: BSD-3-Clause
#include "http/router.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace sightline::http {
namespace {

bool IsParameter(std::string_view segment) { return segment.size() > 2 && segment.front() == '{'; }

/// "/a/b" as {"a", "b"}; "/" as {""}.
std::vector<std::string_view> SegmentsOf(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    path.remove_prefix(1);
    const size_t end = std::min(path.find('/'), path.size());
    out.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out;
}

bool Matches(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  return std::ranges::equal(pattern, segments, [](const std::string& wanted, const std::string& segment) {
    return IsParameter(wanted) ? !segment.empty() : wanted == segment;
  });
}

/// Decoded, or nothing for a broken escape or no path at all.
std::optional<std::vector<std::string>> DecodedSegments(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  std::vector<std::string> out;
  for (const std::string_view segment : SegmentsOf(path)) {
    auto decoded = PercentDecode(segment, false);
    if (!decoded) return std::nullopt;
    out.push_back(*std::move(decoded));
  }
  return out;
}

/// The methods of routes, and what the server answers by itself.
std::vector<Method> WithImplied(std::vector<Method> methods) {
  if (methods.empty()) return methods;
  const auto has = [&methods](Method method) { return std::ranges::find(methods, method) != methods.end(); };
  if (has(Method::kGet) && !has(Method::kHead)) methods.push_back(Method::kHead);
  if (!has(Method::kOptions)) methods.push_back(Method::kOptions);
  std::ranges::sort(methods);
  return methods;
}

}  // namespace

void Router::Add(Route route) {
  SL_CHECK(route.pattern.starts_with('/') && !route.operation.empty() && route.handler != nullptr);
  Pattern pattern;
  for (const std::string_view segment : SegmentsOf(route.pattern)) {
    SL_CHECK((segment.find_first_of("{}") == std::string_view::npos) == !IsParameter(segment));
    pattern.segments.emplace_back(segment);
    if (!IsParameter(segment)) ++pattern.literals;
  }
  for (const Route& other : routes_) SL_CHECK(other.method != route.method || other.pattern != route.pattern);
  routes_.push_back(std::move(route));
  patterns_.push_back(std::move(pattern));
}

Match Router::Find(Method method, std::string_view path) const {
  Match match;
  auto segments = DecodedSegments(path);
  if (!segments) return {.bad_path = true};
  std::optional<size_t> best;
  for (size_t i = 0; i < routes_.size(); ++i) {
    if (!Matches(patterns_[i].segments, *segments)) continue;
    match.allowed.push_back(routes_[i].method);
    const bool wanted = routes_[i].method == method || (method == Method::kHead && routes_[i].method == Method::kGet);
    if (wanted && (!best || patterns_[i].literals > patterns_[*best].literals)) best = i;
  }
  std::ranges::sort(match.allowed);
  const auto repeated = std::ranges::unique(match.allowed);
  match.allowed.erase(repeated.begin(), repeated.end());
  match.allowed = WithImplied(std::move(match.allowed));
  if (!best) return match;
  match.route = &routes_[*best];
  for (size_t i = 0; i < segments->size(); ++i) {
    const std::string& name = patterns_[*best].segments[i];
    if (IsParameter(name)) match.parameters[name.substr(1, name.size() - 2)] = std::move((*segments)[i]);
  }
  return match;
}

Status Authorise(const Route& route, const std::map<std::string, std::string, std::less<>>& parameters,
                 const Principal& principal) {
  const auto collection = parameters.find("c");
  const bool reads = collection == parameters.end() || principal.MayRead(collection->second);
  const auto refused = [&principal](std::string_view what) {
    return Fail(ErrorCode::kFailedPrecondition, fmt::format("the key {} may not {}", principal.name, what));
  };
  switch (route.access) {
    case Access::kOpen:
      return {};
    case Access::kRead:
      if (!reads) return refused("see this collection");
      return {};
    case Access::kReadAll:
      if (!principal.collections.empty()) return refused("see this: it takes a key of all collections");
      return {};
    case Access::kWrite:
      if (!reads) return refused("see this collection");
      if (!principal.admin) return refused("change anything: its scope is read");
      return {};
    case Access::kAdmin:
      if (!principal.MayAdminister()) return refused("do this: it takes an admin key of all collections");
      return {};
  }
  SL_CHECK(false);
  return {};
}

}  // namespace sightline::http
