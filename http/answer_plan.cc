// SPDX-License-Identifier: BSD-3-Clause
#include "http/answer_plan.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "http/field_list.h"
#include "http/gzip.h"

namespace sightline::http {
namespace {

/// All of `digits` as a number; absent for none, other characters and overflow.
std::optional<uint64_t> ParseCount(std::string_view digits) {
  uint64_t number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::string_view WithoutWeakMark(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return etag;
}

/// Whether If-None-Match names the answer's ETag (weak comparison).
bool NamesEtag(std::string_view field, std::string_view etag) {
  const auto elements = FieldElements(field);
  return std::ranges::any_of(elements, [etag](std::string_view element) {
    return element == "*" || WithoutWeakMark(element) == WithoutWeakMark(etag);
  });
}

/// Whether the client has this very answer already. If-None-Match goes before If-Modified-Since (RFC 9110, 13.2.2),
/// which holds for the very time that we sent: an order of dates is not needed.
bool IsNotModified(const Request& request, const Response& response) {
  const auto etag = response.headers.Find("ETag");
  if (const auto none_match = request.headers.Find("If-None-Match")) return etag && NamesEtag(*none_match, *etag);
  const auto since = request.headers.Find("If-Modified-Since");
  const auto modified = response.headers.Find("Last-Modified");
  return since && modified && *since == *modified;
}

/// Whether If-Range, when there is one, names this answer (strong comparison); else the whole body is wanted.
bool RangeHolds(const Request& request, const Response& response) {
  const auto if_range = request.headers.Find("If-Range");
  if (!if_range) return true;
  const auto etag = response.headers.Find("ETag");
  if (etag && *if_range == *etag && !etag->starts_with("W/")) return true;
  return *if_range == response.headers.Find("Last-Modified");
}

bool IsText(const Response& response) {
  const auto type = response.headers.Find("Content-Type");
  return type && IsCompressible(*type);
}

void PlanRange(const Request& request, AnswerPlan& plan) {
  plan.response.headers.Set("Accept-Ranges", "bytes");
  const auto field = request.headers.Find("Range");
  if (!field || request.method != Method::kGet || !RangeHolds(request, plan.response)) return;
  const uint64_t total = plan.range.size;
  const RangeChoice choice = ChooseRange(*field, total);
  if (choice.kind == RangeChoice::kPart) {
    plan.response.status = 206;
    plan.range = choice.range;
    plan.response.headers.Set("Content-Range", fmt::format("bytes {}-{}/{}", choice.range.first,
                                                           choice.range.first + choice.range.size - 1, total));
  } else if (choice.kind == RangeChoice::kUnsatisfiable) {
    plan.response.status = 416;
    plan.response.body = std::string();
    plan.range = {};
    plan.response.headers.Set("Content-Range", fmt::format("bytes */{}", total));
  }
}

bool WantsGzip(const Request& request, const Response& response) {
  if (response.headers.Find("Content-Encoding")) return false;
  const auto accepted = request.headers.Find("Accept-Encoding");
  return accepted && AcceptsGzip(*accepted) && BodySize(response) >= kSmallestGzip &&
         !std::holds_alternative<std::shared_ptr<ContentReader>>(response.body);
}

}  // namespace

// Note [Several ranges]
// A request for several ranges is answered with the whole body, which holds them all: a server may ignore Range (RFC
// 9110, 14.2), no browser or player asks for more than one, and a few bytes of request must not make us read and send
// the same film a thousand times over.
RangeChoice ChooseRange(std::string_view range_field, uint64_t total) {
  constexpr std::string_view kUnit = "bytes=";
  if (!EqualIgnoringCase(range_field.substr(0, kUnit.size()), kUnit)) return {};
  if (range_field.find(',') != std::string_view::npos) return {};
  const std::string_view range = Trimmed(range_field.substr(kUnit.size()));
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = ParseCount(range.substr(0, dash));
  const auto last = ParseCount(range.substr(dash + 1));
  if (!first) {  // "-500": the last 500 bytes.
    if (dash != 0 || !last) return {};
    const uint64_t size = std::min(*last, total);
    if (size == 0) return {.kind = RangeChoice::kUnsatisfiable};
    return {.kind = RangeChoice::kPart, .range = {total - size, size}};
  }
  if (!last && dash + 1 != range.size()) return {};
  if (last && *last < *first) return {};
  if (*first >= total) return {.kind = RangeChoice::kUnsatisfiable};
  const uint64_t end = last ? std::min(*last, total - 1) : total - 1;
  return {.kind = RangeChoice::kPart, .range = {*first, end - *first + 1}};
}

AnswerPlan PlanAnswer(const Request& request, Response response) {
  AnswerPlan plan = {.response = std::move(response), .range = {}};
  plan.range.size = BodySize(plan.response);
  const bool reads = request.method == Method::kGet || request.method == Method::kHead;
  if (reads && plan.response.status == 200) {
    if (IsNotModified(request, plan.response)) {
      plan.response.status = 304;
    } else if (!IsText(plan.response)) {
      PlanRange(request, plan);
    }
  }
  if (IsText(plan.response)) {
    plan.response.headers.Add("Vary", "Accept-Encoding");
    plan.gzip = WantsGzip(request, plan.response) && plan.response.status != 304;
  }
  const int status = plan.response.status;
  plan.send_body = request.method != Method::kHead && status != 204 && status != 304;
  plan.send_length =
      plan.send_body || (request.method == Method::kHead && !plan.gzip && status != 204 && status != 304);
  if (!plan.send_body) plan.gzip = false;
  return plan;
}

void CompressBody(AnswerPlan& plan) {
  const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&plan.response.body);
  const std::string& bytes = shared != nullptr ? **shared : std::get<std::string>(plan.response.body);
  auto packed = Gzip(bytes);
  if (!packed || packed->size() >= bytes.size()) return;
  plan.response.body = *std::move(packed);
  plan.range = {0, BodySize(plan.response)};
  plan.response.headers.Set("Content-Encoding", "gzip");
  const auto etag = plan.response.headers.Find("ETag");
  // Other bytes under the same strong tag would be a lie.
  if (etag && !etag->starts_with("W/")) plan.response.headers.Set("ETag", fmt::format("W/{}", *etag));
}

}  // namespace sightline::http
