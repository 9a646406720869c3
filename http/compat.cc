// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "base/utf8.h"
#include "http/compat_internal.h"
#include "http/json_internal.h"
#include "http/picture_input.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

std::string_view ViewOf(const json::string& text) { return {text.data(), text.size()}; }

}  // namespace

Handler AnswerOnPool(TaskPool& pool, std::function<ProblemOr<Response>(const Request&)> work) {
  return OnPool(pool, [work = std::move(work)](const Request& request) {
    ProblemOr<Response> response = work(request);
    return response ? *std::move(response) : ProblemResponse(request, response.error());
  });
}

tl::unexpected<Problem> Refuse(std::string field, std::string message) {
  return tl::make_unexpected(Problem(ErrorCode::kInvalidArgument, std::move(message), std::move(field)));
}

tl::unexpected<Problem> WithField(Error error, std::string field) {
  Problem problem(std::move(error));
  problem.field = std::move(field);
  return tl::make_unexpected(std::move(problem));
}

tl::unexpected<Problem> NoModel() {
  return tl::make_unexpected(Problem(ErrorCode::kFailedPrecondition, "this server runs without a model"));
}

ProblemOr<std::shared_ptr<HostedCollection>> FindReadable(Host& host, const Principal& principal, std::string_view name,
                                                          std::string field) {
  if (!principal.MayRead(name)) {
    Problem problem(403, "forbidden", fmt::format("this key may not read collection \"{}\"", ValidUtf8(name)));
    problem.field = std::move(field);
    return tl::make_unexpected(std::move(problem));
  }
  auto found = host.Find(name);
  if (!found) return WithField(found.error(), std::move(field));
  return *std::move(found);
}

ProblemOr<query::Content> ContentReading::Picture(const json::value& value, std::string field) const {
  const json::string* text = value.if_string();
  if (text == nullptr) return Refuse(std::move(field), "a picture is base64, a data address or an http address");
  if (++pictures_ > kMaxPictures) {
    return Refuse(std::move(field), fmt::format("more than {} pictures in one request", kMaxPictures));
  }
  SL_ASSIGN_OR_PROBLEM(ImageRgb8 pixels, ReadModelPixels(ViewOf(*text), image_res_, fetcher_, limits_, field));
  return query::Content(std::move(pixels));
}

ProblemOr<query::Content> ReadText(std::string_view text, std::string field) {
  if (text.empty()) return Refuse(std::move(field), "an empty text");
  if (text.size() > kMaxTextBytes) {
    return Refuse(std::move(field), fmt::format("a text of {} bytes, more than {}", text.size(), kMaxTextBytes));
  }
  return query::Content(std::string(text));
}

ProblemOr<query::Content> ReadContentObject(const json::object& object, const std::string& field,
                                            const ContentReading& reading) {
  const auto present = [&](const char* key) {
    const json::value* value = object.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  };
  if (const json::value* value = present("text")) {
    const json::string* text = value->if_string();
    if (text == nullptr) return Refuse(JsonPointer(field, "text"), fmt::format("{} is not text", QuoteJson(*value)));
    return ReadText(ViewOf(*text), JsonPointer(field, "text"));
  }
  for (const char* key : {"image", "image_url", "url"}) {
    if (const json::value* value = present(key)) return reading.Picture(*value, JsonPointer(field, key));
  }
  return Refuse(field, "it has neither \"text\" nor \"image\"");
}

}  // namespace sightline::http
