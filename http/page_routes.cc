// SPDX-License-Identifier: BSD-3-Clause
#include "http/page_routes.h"

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/sha256.h"
#include "http/page_assets_internal.h"
#include "http/problem.h"

namespace sightline::http {
namespace {

constexpr std::string_view kIndex = "index.html";
constexpr size_t kTagBytes = 16;

std::string EntityTag(std::string_view content) {
  Sha256 hash;
  hash.Update(content);
  const Sha256Digest digest = hash.Finish();
  return fmt::format("\"{}\"", ToHex(std::span(digest).first(kTagBytes)));
}

Response ResponseFor(const PageAsset& asset) {
  Response response;
  response.headers = {{"Content-Type", std::string(asset.content_type)},
                      {"Cache-Control", "no-cache"},
                      {"ETag", EntityTag(asset.content)},
                      {"Content-Security-Policy", kPagePolicy},
                      {"Permissions-Policy", "camera=(), microphone=(), geolocation=()"}};
  response.body = std::make_shared<const std::string>(asset.content);
  return response;
}

using Responses = std::map<std::string, Response, std::less<>>;

// Made once: a request copies the headers and shares the content.
Responses MakeResponses() {
  Responses responses;
  for (const PageAsset& asset : PageAssets()) responses.emplace(asset.name, ResponseFor(asset));
  return responses;
}

}  // namespace

const char* const kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self'; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'";

void AddPageRoutes(Router& router) {
  const auto responses = std::make_shared<const Responses>(MakeResponses());
  router.Add({.method = Method::kGet,
              .pattern = "/",
              .operation = "page",
              .access = Access::kOpen,
              .handler = [responses](const std::shared_ptr<const Request>&,
                                     const Reply& reply) { reply(responses->find(kIndex)->second); },
              .produces = {"text/html"}});
  router.Add({.method = Method::kGet,
              .pattern = "/page/{file}",
              .operation = "page_file",
              .access = Access::kOpen,
              .handler =
                  [responses](const std::shared_ptr<const Request>& request, const Reply& reply) {
                    const auto found = responses->find(request->Parameter("file"));
                    if (found != responses->end() && found->first != kIndex) return reply(found->second);
                    reply(ProblemResponse(*request, {ErrorCode::kNotFound, "the page has no such file"}));
                  },
              .produces = {}});  // Each as what it is, whoever asks.
}

}  // namespace sightline::http
