// SPDX-License-Identifier: BSD-3-Clause
#include "http/server.h"

#include <atomic>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "http/problem.h"
#include "http/task_pool.h"
#include "tests/http/http_client.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using testing::ClientResponse;
using ::testing::HasSubstr;
using testing::HttpClient;
using testing::IsError;
using testing::RequestText;
using testing::StartServer;

Handler Saying(std::string text) {
  return [text = std::move(text)](const std::shared_ptr<const Request>&, const Reply& reply) {
    reply({.headers = {{"Content-Type", "text/plain"}}, .body = text});
  };
}

/// Answers with the body that it got.
void Echo(const std::shared_ptr<const Request>& request, const Reply& reply) {
  reply({.headers = {{"Content-Type", "application/octet-stream"}}, .body = request->body});
}

Route RouteTo(Method method, std::string pattern, Handler handler, size_t max_body_bytes = 0) {
  return {.method = method,
          .pattern = pattern,
          .operation = pattern,
          .access = Access::kRead,
          .handler = std::move(handler),
          .max_body_bytes = max_body_bytes};
}

Router SmallRouter() {
  Router router;
  router.Add(RouteTo(Method::kGet, "/hello", Saying("hello")));
  router.Add(RouteTo(Method::kPost, "/echo", Echo, 1000));
  return router;
}

TEST(ServerTest, AnswersAndKeepsTheConnection) {
  const auto server = StartServer(SmallRouter());
  HttpClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    const ClientResponse response = client.Get("/hello");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello");
    EXPECT_EQ(response.headers.Find("Content-Type"), "text/plain");
    EXPECT_EQ(response.headers.Find("Connection"), std::nullopt);
    EXPECT_TRUE(response.headers.Find("Date"));
  }
  EXPECT_EQ(server->open_connections(), 1);
}

TEST(ServerTest, BodiesArriveWhole) {
  const auto server = StartServer(SmallRouter());
  HttpClient client(server->port());
  const std::string body(1000, 'x');
  EXPECT_EQ(client.Call(Method::kPost, "/echo", body).body, body);
  EXPECT_EQ(
      client.Call(Method::kPost, "/echo", "4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n", {{"Transfer-Encoding", "chunked"}})
          .body,
      "abcdefg");
}

TEST(ServerTest, AnswersThatTheClientDoesNotTakeAreNotMade) {
  std::atomic<int> called = 0;
  Router router;
  const auto count = [&called](const std::shared_ptr<const Request>&, const Reply& reply) {
    ++called;
    reply({.status = 200, .body = "{}"});
  };
  router.Add(RouteTo(Method::kPost, "/json", count, 1000));
  Route nothing = RouteTo(Method::kPost, "/nothing", count, 1000);
  nothing.produces = {};
  router.Add(std::move(nothing));
  const auto server = StartServer(std::move(router));
  const auto post = [&](std::string_view target, std::string accept) {
    return HttpClient(server->port()).Call(Method::kPost, target, "x", {{"Accept", std::move(accept)}});
  };
  const ClientResponse refused = post("/json", "text/html, application/json;q=0");
  EXPECT_EQ(refused.status, 406);
  EXPECT_EQ(refused.headers.Find("Content-Type"), "application/problem+json");
  EXPECT_THAT(refused.body, HasSubstr("\"code\":\"not_acceptable\""));
  EXPECT_EQ(called, 0);
  EXPECT_EQ(post("/json", "application/*;q=0.1").status, 200);
  EXPECT_EQ(post("/json", "text/html, */*;q=0.8").status, 200);
  EXPECT_EQ(post("/nothing", "text/html").status, 200);
}

TEST(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  std::atomic<int> running = 0;
  TaskPool pool(4, 16);
  Router router;
  router.Add(RouteTo(Method::kPost, "/echo",
                     OnPool(pool,
                            [&running](const Request& request) {
                              EXPECT_EQ(++running, 1);  // One at a time on one connection.
                              std::this_thread::yield();
                              --running;
                              return Response{.body = request.body};
                            }),
                     100));
  const auto server = StartServer(std::move(router));
  HttpClient client(server->port());
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += RequestText(Method::kPost, "/echo", fmt::format("body {}", i), {});
  ASSERT_TRUE(client.Send(requests));
  for (int i = 0; i < 20; ++i) {
    const auto response = client.Read();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, fmt::format("body {}", i));
  }
}

TEST(ServerTest, ARequestInPiecesIsOneRequest) {
  const auto server = StartServer(SmallRouter());
  HttpClient client(server->port());
  for (const char c : RequestText(Method::kPost, "/echo", "abc", {})) ASSERT_TRUE(client.Send({&c, 1}));
  EXPECT_EQ(client.Read()->body, "abc");
}

TEST(ServerTest, UnknownPathsAndMethodsAreProblems) {
  const auto server = StartServer(SmallRouter());
  HttpClient client(server->port());
  const ClientResponse missing = client.Get("/none");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.headers.Find("Content-Type"), "application/problem+json");
  EXPECT_THAT(missing.body, HasSubstr("\"code\":\"not_found\""));
  const ClientResponse refused = client.Call(Method::kDelete, "/hello");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.Find("Allow"), "GET, HEAD, OPTIONS");
}

TEST(ServerTest, HeadHasTheLengthAndNoBody) {
  const auto server = StartServer(SmallRouter());
  HttpClient client(server->port());
  const ClientResponse head = client.Call(Method::kHead, "/hello");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.Find("Content-Length"), "5");
  EXPECT_EQ(client.Get("/hello").body, "hello");  // Nothing of a body was in between.
}

TEST(ServerTest, OptionsNameTheMethods) {
  const auto server = StartServer(SmallRouter());
  HttpClient client(server->port());
  const ClientResponse response = client.Call(Method::kOptions, "/echo");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.headers.Find("Allow"), "POST, OPTIONS");
  EXPECT_EQ(response.headers.Find("Content-Length"), std::nullopt);
}

TEST(ServerTest, RequestIdsAreKeptWhenTheyAreSane) {
  const auto server = StartServer(SmallRouter());
  HttpClient client(server->port());
  EXPECT_EQ(client.Get("/hello", {{"X-Request-Id", "job-7.a_b"}}).headers.Find("X-Request-Id"), "job-7.a_b");
  for (const char* strange : {"a b", "", "<script>"}) {
    const ClientResponse response = client.Get("/hello", {{"X-Request-Id", strange}});
    EXPECT_EQ(response.headers.Find("X-Request-Id")->size(), 16) << strange;
  }
}

TEST(ServerTest, EveryAnswerHasTheSecurityFields) {
  const auto server = StartServer(SmallRouter());
  HttpClient client(server->port());
  for (const char* path : {"/hello", "/none"}) {
    const ClientResponse response = client.Get(path);
    EXPECT_EQ(response.headers.Find("X-Content-Type-Options"), "nosniff");
    EXPECT_THAT(std::string(*response.headers.Find("Content-Security-Policy")), HasSubstr("default-src 'none'"));
    EXPECT_EQ(response.headers.Find("Cache-Control"), "no-store") << "unless the handler says otherwise";
    EXPECT_EQ(response.headers.Find("Access-Control-Allow-Origin"), std::nullopt);
  }
}

TEST(ServerTest, HandlersMayAnswerLaterAndFromAnywhere) {
  std::promise<Reply> promised;
  Router router;
  router.Add(RouteTo(Method::kGet, "/later", [&promised](const std::shared_ptr<const Request>&, Reply reply) {
    promised.set_value(std::move(reply));
  }));
  const auto server = StartServer(std::move(router));
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send(RequestText(Method::kGet, "/later", {}, {})));
  Reply reply = promised.get_future().get();
  EXPECT_EQ(server->requests_in_flight(), 1);
  reply({.body = "now"});
  reply({.body = "twice"});  // Dropped.
  EXPECT_EQ(client.Read()->body, "now");
  EXPECT_EQ(client.Get("/none").status, 404);
}

TEST(ServerTest, AReplyThatIsForgottenIsAnInternalError) {
  Router router;
  router.Add(RouteTo(Method::kGet, "/never", [](const std::shared_ptr<const Request>&, const Reply&) {}));
  router.Add(RouteTo(Method::kGet, "/throws",
                     [](const std::shared_ptr<const Request>&, const Reply&) { throw std::runtime_error("a bug"); }));
  const auto server = StartServer(std::move(router));
  HttpClient client(server->port());
  EXPECT_EQ(client.Get("/never").status, 500);
  EXPECT_EQ(client.Get("/throws").status, 500);
}

TEST(ServerTest, TheDeadlineComesFromTheClientTheRouteOrTheServer) {
  using Clock = std::chrono::steady_clock;
  std::atomic<Clock::time_point> deadline;
  const auto measure = [&deadline](const std::shared_ptr<const Request>& request, const Reply& reply) {
    deadline = request->limits.deadline;
    reply({});
  };
  Router router;
  router.Add(RouteTo(Method::kGet, "/plain", measure));
  Route slow = RouteTo(Method::kGet, "/slow", measure);
  slow.timeout = std::chrono::seconds(60);
  router.Add(std::move(slow));
  const auto server = StartServer(std::move(router));
  HttpClient client(server->port());
  const auto expect_allowed = [&](std::chrono::milliseconds allowed, const char* target, const Headers& headers) {
    const Clock::time_point sent = Clock::now();
    client.Get(target, headers);
    EXPECT_GE(deadline.load(), sent + allowed) << target;
    EXPECT_LE(deadline.load(), Clock::now() + allowed) << target;
  };
  expect_allowed(std::chrono::seconds(5), "/plain", {});
  expect_allowed(std::chrono::seconds(60), "/slow", {});
  expect_allowed(std::chrono::milliseconds(2500), "/slow", {{"X-Request-Timeout", "2.5"}});
  expect_allowed(std::chrono::seconds(300), "/plain", {{"X-Request-Timeout", "1e9"}});
  for (const char* wrong : {"0", "-1", "soon", "nan", "inf", "1s"}) {
    EXPECT_EQ(client.Get("/plain", {{"X-Request-Timeout", wrong}}).status, 400) << wrong;
  }
}

TEST(ServerTest, WhatIsNotAnsweredInTimeIsAnsweredByTheServer) {
  std::promise<std::pair<std::shared_ptr<const Request>, Reply>> promised;
  Router router;
  router.Add(RouteTo(Method::kGet, "/stuck", [&promised](std::shared_ptr<const Request> request, Reply reply) {
    promised.set_value({std::move(request), std::move(reply)});
  }));
  const auto server = StartServer(std::move(router), {.timeouts = {.overrun = std::chrono::milliseconds(50)}});
  HttpClient client(server->port());
  const ClientResponse response = client.Get("/stuck", {{"X-Request-Timeout", "0.05"}});
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("deadline_exceeded"));
  auto [request, reply] = promised.get_future().get();
  EXPECT_TRUE(request->limits.stop.stop_requested());
  reply({});  // Too late, and harmless.
  EXPECT_EQ(client.Get("/none").status, 404);
}

TEST(ServerTest, AClientThatGoesAwayStopsItsRequest) {
  for (const bool reset : {false, true}) {
    std::promise<std::pair<std::shared_ptr<const Request>, Reply>> promised;
    Router router;
    router.Add(RouteTo(Method::kGet, "/wait", [&promised](std::shared_ptr<const Request> request, Reply reply) {
      promised.set_value({std::move(request), std::move(reply)});
    }));
    const auto server = StartServer(std::move(router));
    HttpClient client(server->port());
    ASSERT_TRUE(client.Send(RequestText(Method::kGet, "/wait", {}, {{"X-Request-Timeout", "60"}})));
    auto [request, reply] = promised.get_future().get();
    EXPECT_FALSE(request->limits.stop.stop_requested());
    client.Close(reset);
    std::promise<void> stopped;
    const std::stop_callback on_stop(request->limits.stop, [&stopped] { stopped.set_value(); });
    EXPECT_EQ(stopped.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready) << reset;
    reply({});
  }
}

TEST(ServerTest, AClientThatOnlyEndedItsSendingIsAnswered) {
  TaskPool pool(1, 4);
  Router router;
  router.Add(RouteTo(Method::kPost, "/echo",
                     OnPool(pool, [](const Request& request) { return Response{.body = request.body}; }), 100));
  const auto server = StartServer(std::move(router));
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send(RequestText(Method::kPost, "/echo", "abc", {})));
  client.CloseSending();
  EXPECT_TRUE(client.Read());
  EXPECT_TRUE(client.IsClosedByServer());
}

TEST(ServerTest, AClientThatOnlyEndedItsSendingMayWaitForItsAnswer) {
  std::promise<std::pair<std::shared_ptr<const Request>, Reply>> promised;
  Router router;
  router.Add(RouteTo(Method::kGet, "/wait", [&promised](std::shared_ptr<const Request> request, Reply reply) {
    promised.set_value({std::move(request), std::move(reply)});
  }));
  const auto server = StartServer(std::move(router));
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send(RequestText(Method::kGet, "/wait", {}, {{"X-Request-Timeout", "60"}})));
  client.CloseSending();
  auto [request, reply] = promised.get_future().get();
  const auto interim = client.Read(false);
  ASSERT_TRUE(interim);
  EXPECT_EQ(interim->status, 100);
  std::promise<void> stopped;
  const std::stop_callback on_stop(request->limits.stop, [&stopped] { stopped.set_value(); });
  EXPECT_EQ(stopped.get_future().wait_for(std::chrono::milliseconds(150)), std::future_status::timeout);
  reply({.body = "at last"});
  const auto answer = client.Read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "at last");
  EXPECT_TRUE(client.IsClosedByServer());
}

TEST(ServerTest, CloseIsObeyed) {
  const auto server = StartServer(SmallRouter());
  HttpClient client(server->port());
  const ClientResponse response = client.Get("/hello", {{"Connection", "close"}});
  EXPECT_EQ(response.headers.Find("Connection"), "close");
  EXPECT_TRUE(client.IsClosedByServer());
  HttpClient old(server->port());
  ASSERT_TRUE(old.Send("GET /hello HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(old.Read()->body, "hello");
  EXPECT_TRUE(old.IsClosedByServer());
}

TEST(ServerTest, ContinueIsSaidBeforeABodyIsRead) {
  const auto server = StartServer(SmallRouter());
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(client.Read()->status, 100);
  ASSERT_TRUE(client.Send("abc"));
  EXPECT_EQ(client.Read()->body, "abc");
  ASSERT_TRUE(client.Send("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(client.Read()->status, 404);  // Without having asked for the body.
}

TEST(ServerTest, StopLetsRequestsInFlightFinish) {
  std::promise<Reply> promised;
  Router router;
  router.Add(RouteTo(Method::kGet, "/later", [&promised](const std::shared_ptr<const Request>&, Reply reply) {
    promised.set_value(std::move(reply));
  }));
  const auto server = StartServer(std::move(router), {.timeouts = {.linger = std::chrono::milliseconds(50)}});
  HttpClient idle(server->port());
  EXPECT_EQ(idle.Get("/none").status, 404);
  HttpClient busy(server->port());
  ASSERT_TRUE(busy.Send(RequestText(Method::kGet, "/later", {}, {})));
  Reply reply = promised.get_future().get();
  std::jthread stopper([&server] { server->Stop(std::chrono::seconds(20)); });
  EXPECT_TRUE(idle.IsClosedByServer());
  reply({.body = "finished"});
  const auto response = busy.Read();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "finished");
  EXPECT_EQ(response->headers.Find("Connection"), "close");
}

TEST(ServerTest, StopWithoutGraceFiresStopTokens) {
  std::promise<std::pair<std::shared_ptr<const Request>, Reply>> promised;
  Router router;
  router.Add(RouteTo(Method::kGet, "/stuck", [&promised](std::shared_ptr<const Request> request, Reply reply) {
    promised.set_value({std::move(request), std::move(reply)});
  }));
  auto server = StartServer(std::move(router));
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send(RequestText(Method::kGet, "/stuck", {}, {})));
  auto [request, reply] = promised.get_future().get();
  server.reset();
  EXPECT_TRUE(request->limits.stop.stop_requested());
  EXPECT_TRUE(client.IsClosedByServer());
  reply({});  // After the server has gone.
}

TEST(ServerTest, FinishedRequestsAreTold) {
  std::mutex mutex;
  std::vector<std::string> told;
  ServerOptions options;
  options.on_finished = [&](const RequestRecord& record) {
    std::lock_guard lock(mutex);
    told.push_back(fmt::format("{} {} {} {} {} {} {}", record.method, record.path, record.operation, record.status,
                               record.request_bytes, record.response_bytes, record.principal));
  };
  const auto server = StartServer(SmallRouter(), std::move(options));
  HttpClient client(server->port());
  client.Call(Method::kPost, "/echo?a=b", "abc");
  client.Get("/none");
  server->Stop(std::chrono::seconds(5));
  std::lock_guard lock(mutex);
  ASSERT_EQ(told.size(), 2);
  EXPECT_EQ(told[0], "POST /echo /echo 200 3 3 local");
  EXPECT_THAT(told[1], ::testing::StartsWith("GET /none none 404 0 "));
}

TEST(ServerTest, AnAddressThatIsTakenIsUnavailable) {
  const auto server = StartServer(SmallRouter());
  EXPECT_THAT(Server::Open({.listen = {{"127.0.0.1", server->port()}}}, SmallRouter(), NoKeys()),
              IsError(ErrorCode::kUnavailable));
  EXPECT_THAT(Server::Open({.listen = {}}, SmallRouter(), NoKeys()), IsError(ErrorCode::kInvalidArgument));
}

TEST(ListenAddressTest, AddressesAreRead) {
  EXPECT_EQ(ParseListenAddress("127.0.0.1:8080")->Text(), "127.0.0.1:8080");
  EXPECT_EQ(ParseListenAddress("localhost:0")->Text(), "127.0.0.1:0");
  EXPECT_EQ(ParseListenAddress("[::1]:65535")->Text(), "[::1]:65535");
  EXPECT_TRUE(ParseListenAddress("127.8.9.1:1")->IsLoopback() && ParseListenAddress("[::1]:1")->IsLoopback());
  EXPECT_FALSE(ParseListenAddress("0.0.0.0:1")->IsLoopback() || ParseListenAddress("[::]:1")->IsLoopback());
  for (const char* wrong :
       {"", "8080", ":8080", "example.org:80", "::1:80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8x", "[::1]"}) {
    EXPECT_THAT(ParseListenAddress(wrong), IsError(ErrorCode::kInvalidArgument)) << wrong;
  }
}

}  // namespace
}  // namespace sightline::http
