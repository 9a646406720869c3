// SPDX-License-Identifier: BSD-3-Clause
#include "http/request_records.h"

#include "base/log.h"
#include "http/probe_routes.h"
#include "tests/http/http_client.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using ::testing::HasSubstr;
using testing::HttpClient;
using testing::StartServer;

RequestRecord SearchRecord() {
  return {.id = "r1",
          .method = "POST",
          .path = "/v1/collections/a/search",
          .operation = "search",
          .principal = "laptop",
          .remote_address = "127.0.0.1",
          .status = 200,
          .request_bytes = 10,
          .response_bytes = 20,
          .duration = std::chrono::microseconds(1500)};
}

TEST(RequestRecordsTest, RequestsAreCounted) {
  MetricsRegistry registry;
  const auto count = CountRequests(registry);
  RequestRecord record = SearchRecord();
  count(record);
  count(record);
  record.method = "BREW";
  record.status = 405;
  count(record);
  const std::string text = registry.Serialize();
  EXPECT_THAT(text, HasSubstr(R"(sightline_http_requests_total{method="POST",operation="search",status="200"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(sightline_http_requests_total{method="other",operation="search",status="405"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(sightline_http_request_seconds_count{operation="search"} 3)"));
  EXPECT_THAT(text, HasSubstr(R"(sightline_http_request_seconds_bucket{operation="search",le="0.001"} 0)"));
  EXPECT_THAT(text, HasSubstr(R"(sightline_http_request_seconds_bucket{operation="search",le="0.0025"} 3)"));
}

TEST(RequestRecordsTest, RequestsAreLogged) {
  ::testing::internal::CaptureStderr();
  SetLogLevel(LogLevel::kInfo);
  SetLogFormat(LogFormat::kLogfmt);
  LogRequest(SearchRecord());
  SetLogLevel(LogLevel::kWarning);
  RequestRecord failed = SearchRecord();
  LogRequest(failed);  // Not worth a warning.
  failed.status = 500;
  failed.client_gone = true;
  LogRequest(failed);
  SetLogFormat(LogFormat::kText);
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, HasSubstr("level=info msg=request request_id=r1 method=POST path=/v1/collections/a/search "
                                 "operation=search status=200 duration_ms=1.500 request_bytes=10 response_bytes=20 "
                                 "remote=127.0.0.1 key=laptop\n"));
  EXPECT_THAT(written, HasSubstr("level=error msg=request"));
  EXPECT_THAT(written, HasSubstr("client_gone=true\n"));
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 2);
}

TEST(ProbeRoutesTest, ProbesAndMetricsAreAnswered) {
  MetricsRegistry registry;
  TaskPool pool(1, 8);
  std::atomic<bool> ready = false;
  Router router;
  AddProbeRoutes(router, pool, registry, {.ready = [&ready]() -> Status {
                   if (ready) return {};
                   return Fail(ErrorCode::kUnavailable, "the model is loading");
                 }});
  const auto server = StartServer(std::move(router), {.on_finished = CountRequests(registry)});
  ShowServer(registry, *server);
  HttpClient client(server->port());
  EXPECT_EQ(client.Get("/healthz").body, R"({"status":"ok"})");
  const auto waiting = client.Get("/readyz");
  EXPECT_EQ(waiting.status, 503);
  EXPECT_THAT(waiting.body, HasSubstr("the model is loading"));
  ready = true;
  EXPECT_EQ(client.Get("/readyz").status, 200);
  EXPECT_EQ(server->router().Find(Method::kGet, "/metrics").route->access, Access::kReadAll);
  const auto metrics = client.Get("/metrics");
  EXPECT_EQ(metrics.headers.Find("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(metrics.body,
              HasSubstr(R"(sightline_http_requests_total{method="GET",operation="health",status="200"} 1)"));
  EXPECT_THAT(metrics.body, HasSubstr("sightline_http_connections 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("sightline_http_requests_in_flight 1\n"));
}

}  // namespace
}  // namespace sightline::http
