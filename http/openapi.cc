// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <string>

#include "http/api_internal.h"

namespace sightline::http {

void AddOpenApiRoute(Router& router) {
  const auto text = std::make_shared<const std::string>(OpenApiDocument());
  router.Add({.method = Method::kGet,
              .pattern = "/openapi.json",
              .operation = "get_openapi",
              .access = Access::kOpen,
              .handler = [text, etag = EtagOf(*text)](const std::shared_ptr<const Request>&, const Reply& reply) {
                Response response = {.status = 200, .headers = {}, .body = text};
                response.headers.Set("Content-Type", "application/json");
                response.headers.Set("ETag", etag);
                response.headers.Set("Cache-Control", "no-cache");
                reply(std::move(response));
              }});
}

}  // namespace sightline::http
