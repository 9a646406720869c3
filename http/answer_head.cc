// SPDX-License-Identifier: BSD-3-Clause
#include "http/answer_head.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "http/problem.h"

namespace sightline::http {
namespace {

/// Fields that protect people who open our answers in a browser, or have a cache in between; a handler may set its own.
constexpr std::pair<std::string_view, std::string_view> kSecurityFields[] = {
    {"X-Content-Type-Options", "nosniff"}, {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cache-Control", "no-store"},
};

/// A field's value must not begin a new line: what stands there may come from a client or a file's name.
void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) out.push_back(static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c);
  out.append("\r\n");
}

void AppendCors(std::string& out, const Request& request, const ServerOptions& options) {
  if (options.cors_origins.empty()) {
    AppendField(out, "Cross-Origin-Resource-Policy", "same-origin");
    return;
  }
  AppendField(out, "Vary", "Origin");
  AppendField(out, "Cross-Origin-Resource-Policy", "cross-origin");
  const auto origin = request.headers.Find("Origin");
  if (!origin || !IsAllowedOrigin(options, *origin)) return;
  AppendField(out, "Access-Control-Allow-Origin", *origin);
  AppendField(out, "Access-Control-Expose-Headers",
              "Accept-Ranges, Content-Range, ETag, Location, Retry-After, X-Request-Id");
}

}  // namespace

bool IsAllowedOrigin(const ServerOptions& options, std::string_view origin) {
  return std::ranges::any_of(options.cors_origins,
                             [origin](const std::string& allowed) { return allowed == "*" || allowed == origin; });
}

std::string AnswerHead(const AnswerPlan& plan, const Request& request, const ServerOptions& options,
                       std::string_view date, bool keep_alive) {
  const int status = plan.response.status;
  std::string out;
  out.reserve(640);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", status, ReasonOf(status));
  AppendField(out, "Date", date);
  AppendField(out, "X-Request-Id", request.id);
  if (plan.send_length) AppendField(out, "Content-Length", fmt::format_int(plan.range.size).str());
  if (!keep_alive) {
    AppendField(out, "Connection", "close");
  } else if (const auto connection = request.headers.Find("Connection"); connection) {
    AppendField(out, "Connection", "keep-alive");  // What a client of HTTP/1.0 has to be told.
  }
  for (const auto& [name, value] : plan.response.headers) AppendField(out, name, value);
  for (const auto& [name, value] : kSecurityFields) {
    if (!plan.response.headers.Find(name)) AppendField(out, name, value);
  }
  AppendCors(out, request, options);
  out.append("\r\n");
  return out;
}

}  // namespace sightline::http
