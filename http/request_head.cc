// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <random>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/ip/address.hpp>

#include "http/host_name.h"
#include "http/request_head_internal.h"

namespace sightline::http {
namespace {

constexpr size_t kLongestId = 64;

bool IsSaneId(std::string_view id) {
  static constexpr std::string_view kPunctuation = "._-";
  return !id.empty() && id.size() <= kLongestId && std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kPunctuation.find(c) != std::string_view::npos;
  });
}

std::string_view ViewOf(boost::beast::string_view text) { return {text.data(), text.size()}; }

Headers CopyFields(const BeastHead& head) {
  Headers out;
  for (const auto& field : head) out.Add(std::string(ViewOf(field.name_string())), std::string(ViewOf(field.value())));
  return out;
}

Problem BadRequest(std::string message) { return {400, "bad_request", std::move(message)}; }

std::optional<Problem> ReadTimeout(const Headers& headers, const ServerOptions& options, RequestHead& out) {
  const auto field = headers.Find("X-Request-Timeout");
  if (!field) return std::nullopt;
  double seconds = 0;
  const auto [end, failed] = std::from_chars(field->data(), field->data() + field->size(), seconds);
  const double longest = std::chrono::duration<double>(options.timeouts.longest).count();
  if (failed != std::errc() || end != field->data() + field->size() || !(seconds > 0) || !std::isfinite(seconds)) {
    return Problem(ErrorCode::kInvalidArgument, "X-Request-Timeout is not a number of seconds above 0",
                   "X-Request-Timeout");
  }
  const double bounded = std::min(seconds, longest);
  out.timeout = std::chrono::milliseconds(std::max<int64_t>(1, static_cast<int64_t>(bounded * 1000)));
  return std::nullopt;
}

/// Note [Where a body ends].
std::optional<Problem> CheckFraming(const BeastHead& head, RequestHead& out) {
  for (const auto& [name, value] : out.request->headers) {
    if (!EqualIgnoringCase(name, "Transfer-Encoding")) continue;
    out.is_framed = out.is_framed && head.version() >= 11 && EqualIgnoringCase(value, "chunked");
  }
  if (out.is_framed) return std::nullopt;
  return BadRequest("of all transfer codings \"chunked\" alone is taken, with HTTP/1.1");
}

/// A target that names the server, as proxies send it, without that; what it names goes before the Host field (RFC
/// 9112, 3.2.2).
std::string OriginForm(std::string_view target, Headers& headers) {
  const size_t start = target.starts_with('/') ? std::string_view::npos : target.find("://");
  const std::string_view scheme = target.substr(0, start);
  if (start == std::string_view::npos || !(EqualIgnoringCase(scheme, "http") || EqualIgnoringCase(scheme, "https"))) {
    return std::string(target);
  }
  target.remove_prefix(start + 3);
  const size_t end = std::min(target.find_first_of("/?"), target.size());
  headers.Set("Host", std::string(target.substr(0, end)));
  target.remove_prefix(end);
  return target.starts_with('/') ? std::string(target) : fmt::format("/{}", target);
}

std::optional<Problem> CheckFields(const BeastHead& head, const ServerOptions& options, RequestHead& out) {
  if (auto problem = CheckFraming(head, out)) return problem;
  const Headers& headers = out.request->headers;
  const auto host = headers.Find("Host");
  const auto is_host = [](const Headers::Field& field) { return EqualIgnoringCase(field.first, "Host"); };
  if (std::ranges::count_if(headers, is_host) > 1) return BadRequest("the request has more than one Host field");
  if (head.version() >= 11 && !host) return BadRequest("the request has no Host field");
  if (host && !IsAllowedHost(options, *host)) {
    return Problem(403, "forbidden", "this server has another name than the Host field says");
  }
  return ReadTimeout(headers, options, out);
}

Problem NoRoute(const Match& match, std::string_view method) {
  if (match.bad_path) return BadRequest("the path has a broken escape");
  if (match.allowed.empty()) return {404, "not_found", "no such path"};
  Problem problem(405, "method_not_allowed", fmt::format("{} is not a method of this path", method));
  std::string allowed;
  for (const Method each : match.allowed) allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", NameOf(each));
  problem.headers.Set("Allow", std::move(allowed));
  return problem;
}

std::optional<Problem> FindRoute(const Router& router, RequestHead& out) {
  const auto method = ParseMethod(out.method);
  out.match = router.Find(method.value_or(Method::kGet), out.raw_path);
  if (!method) {
    out.match.route = nullptr;
    if (out.match.bad_path || out.match.allowed.empty()) return NoRoute(out.match, out.method);
    return NoRoute(out.match, "this");
  }
  out.request->method = *method;
  if (out.match.route == nullptr && (*method != Method::kOptions || out.match.allowed.empty())) {
    return NoRoute(out.match, out.method);
  }
  out.request->parameters = std::move(out.match.parameters);
  return std::nullopt;
}

}  // namespace

std::string MakeRequestId() {
  // Seeded from the system once per thread: ids need not be secret, but two servers must not make the same ones.
  thread_local std::mt19937_64 generator = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return fmt::format("{:016x}", generator());
}

bool IsAllowedHost(const ServerOptions& options, std::string_view host) {
  if (options.host_names.empty()) return true;
  const std::string_view name = HostNameOf(host);
  if (EqualIgnoringCase(name, "localhost")) return true;
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(std::string(name), not_an_address);
  return !not_an_address || IsOneOfHosts(host, options.host_names);
}

RequestHead ReadHead(const BeastHead& head, const Router& router, const ServerOptions& options,
                     std::string remote_address) {
  RequestHead out;
  out.request = std::make_shared<Request>();
  Request& request = *out.request;
  request.remote_address = std::move(remote_address);
  request.headers = CopyFields(head);
  const auto id = request.headers.Find("X-Request-Id");
  request.id = id && IsSaneId(*id) ? std::string(*id) : MakeRequestId();
  out.method = ViewOf(head.method_string());
  const std::string target = OriginForm(ViewOf(head.target()), request.headers);
  const size_t question = std::min(target.find('?'), target.size());
  out.raw_path = target.substr(0, question);
  request.path = PercentDecode(out.raw_path, false).value_or("");
  auto query = ParseQuery(std::string_view(target).substr(std::min(question + 1, target.size())));
  out.problem = FindRoute(router, out);
  if (!query && !out.problem) out.problem = BadRequest("the query has a broken escape");
  if (query) request.query = *std::move(query);
  if (auto problem = CheckFields(head, options, out)) out.problem = std::move(problem);
  if (out.problem) out.match.route = nullptr;
  return out;
}

}  // namespace sightline::http
