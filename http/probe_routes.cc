// SPDX-License-Identifier: BSD-3-Clause
#include "http/probe_routes.h"

#include <memory>
#include <string>
#include <utility>

#include "http/problem.h"

namespace sightline::http {
namespace {

Response StatusAnswer(std::string_view body) {
  return {.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, .body = std::string(body)};
}

Response AnswerReady(const Request& request, const Status& ready) {
  if (ready) return StatusAnswer(R"({"status":"ready"})");
  Problem problem(503, "not_ready", ready.error().message);
  return ProblemResponse(request, problem);
}

}  // namespace

void AddProbeRoutes(Router& router, TaskPool& pool, MetricsRegistry& registry, ProbeOptions options) {
  router.Add({.method = Method::kGet,
              .pattern = "/healthz",
              .operation = "health",
              .access = Access::kOpen,
              .handler = [](const std::shared_ptr<const Request>&, const Reply& reply) {
                reply(StatusAnswer(R"({"status":"ok"})"));
              }});
  router.Add({.method = Method::kGet,
              .pattern = "/readyz",
              .operation = "ready",
              .access = Access::kOpen,
              .handler = OnPool(pool, [ready = std::move(options.ready)](const Request& request) {
                return AnswerReady(request, ready ? ready() : Status());
              })});
  router.Add({.method = Method::kGet,
              .pattern = "/metrics",
              .operation = "metrics",
              .access = options.metrics_access,
              .handler = OnPool(pool,
                                [&registry](const Request&) {
                                  return Response{
                                      .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
                                      .body = registry.Serialize()};
                                }),
              .produces = {"text/plain"}});
}

}  // namespace sightline::http
