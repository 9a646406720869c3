// SPDX-License-Identifier: BSD-3-Clause
// What the server does with clients that are slow, hostile or broken.
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "http/problem.h"
#include "http/server.h"
#include "http/task_pool.h"
#include "tests/http/http_client.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using std::chrono::milliseconds;
using testing::AskImpatient;
using testing::ClientResponse;
using ::testing::HasSubstr;
using testing::HttpClient;
using testing::RequestText;
using testing::StartServer;

void Echo(const std::shared_ptr<const Request>& request, const Reply& reply) { reply({.body = request->body}); }

Router EchoRouter(size_t max_body_bytes = 1000) {
  Router router;
  router.Add({.method = Method::kPost,
              .pattern = "/echo",
              .operation = "echo",
              .handler = Echo,
              .max_body_bytes = max_body_bytes});
  router.Add({.method = Method::kGet,
              .pattern = "/big",
              .operation = "big",
              .handler = [](const std::shared_ptr<const Request>&, const Reply& reply) {
                reply({.body = std::string(64 << 20, 'x')});
              }});
  return router;
}

/// What the server says to bytes, and that it closes then.
void ExpectRefused(const http::Server& server, std::string_view bytes, int status) {
  HttpClient client(server.port());
  client.Send(bytes);
  const auto response = client.Read();
  ASSERT_TRUE(response) << bytes.substr(0, 200);
  EXPECT_EQ(response->status, status) << bytes.substr(0, 200);
  EXPECT_EQ(response->headers.Find("Connection"), "close") << bytes.substr(0, 200);
  EXPECT_TRUE(client.IsClosedByServer()) << bytes.substr(0, 200);
}

TEST(ServerMalformedTest, BrokenHeadsAreRefused) {
  const auto server = StartServer(EchoRouter());
  for (const char* head : {
           "\x16\x03\x01\x02\x01\x01\r\n\r\n",              // TLS on a plain port.
           "GET\r\n\r\n",                                   // No target.
           "GET / HTTP/2.0\r\n\r\n",                        // Another version.
           "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",            // Two spaces.
           "GET / HTTP/1.1\r\nHost a\r\n\r\n",              // No colon.
           "GET / HTTP/1.1\r\nHost : a\r\n\r\n",            // A space before the colon.
           "GET / HTTP/1.1\r\nHost: a\r\nA: \x01\r\n\r\n",  // A control character.
           "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
           "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
           "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
           "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
           "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
           "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
           "GET /big HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
       }) {
    ExpectRefused(*server, head, 400);
  }
}

// What looks like the next request would be the body to a proxy that knows these codings.
TEST(ServerMalformedTest, NothingFollowsABodyWhoseEndIsUnclear) {
  const auto server = StartServer(EchoRouter());
  for (const char* coding : {"gzip", "xchunked", "chunked, identity", "gzip, chunked",
                             "chunked\r\nTransfer-Encoding: gzip", "gzip\r\nTransfer-Encoding: chunked"}) {
    const std::string_view next = "0\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n";
    ExpectRefused(*server,
                  fmt::format("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {}\r\n\r\n{}", coding, next), 400);
  }
  ExpectRefused(*server,
                "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
                "0\r\n\r\nGET /none HTTP/1.0\r\n\r\n",
                400);
}

TEST(ServerMalformedTest, OnlyClientsOfHttp11AreToldToGoOn) {
  const auto server = StartServer(EchoRouter());
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send("POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
  ASSERT_TRUE(client.Send("ab"));
  const auto response = client.Read();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "ab");
}

TEST(ServerTargetTest, ATargetMayNameTheServer) {
  Router router;
  router.Add({.method = Method::kGet,
              .pattern = "/who",
              .operation = "who",
              .handler = [](const std::shared_ptr<const Request>& request, const Reply& reply) {
                reply({.body = fmt::format("{} {} {}", request->path, request->headers.Find("Host").value_or(""),
                                           request->Query("a").value_or(""))});
              }});
  const auto server = StartServer(std::move(router), {.host_names = {"ours"}});
  HttpClient client(server->port());
  EXPECT_EQ(client.Get("http://ours:8080/who?a=b", {{"Host", "ours"}}).body, "/who ours:8080 b");
  EXPECT_EQ(client.Get("HTTPS://ours/who").body, "/who ours ");
  EXPECT_EQ(client.Get("http://theirs/who", {{"Host", "ours"}}).status, 403);
  EXPECT_EQ(client.Get("http://ours?a=b").status, 404) << "the path is /";
  EXPECT_EQ(client.Get("ftp://ours/who").status, 400);
}

TEST(ServerMalformedTest, ARequestWithoutHostIsRefused) {
  const auto server = StartServer(EchoRouter());
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send("GET /big HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(client.Read()->status, 400);
}

TEST(ServerMalformedTest, BrokenEscapesAreRefused) {
  const auto server = StartServer(EchoRouter());
  HttpClient client(server->port());
  EXPECT_EQ(client.Get("/%zz").status, 400);
  EXPECT_EQ(client.Get("/big?a=%2").status, 400);
  EXPECT_EQ(client.Get("/big%00").status, 400);
}

TEST(ServerLimitsTest, AHeadThatIsTooLargeIsRefused) {
  const auto server = StartServer(EchoRouter(), {.max_header_bytes = 1024});
  HttpClient client(server->port());
  EXPECT_EQ(client.Get("/none", {{"A", std::string(500, 'a')}}).status, 404);
  ExpectRefused(*server, RequestText(Method::kGet, "/none", {}, {{"A", std::string(2000, 'a')}}), 431);
  ExpectRefused(*server, fmt::format("GET /{}", std::string(5000, 'a')), 431);
}

TEST(ServerLimitsTest, WhatStandsBesideChunksIsLimited) {
  const auto server = StartServer(EchoRouter());
  const std::string much(40'000, 'a');
  for (const std::string& chunks : {"5;" + much, "0\r\nX: " + much, "5\r\nabcde\r\n3;" + much}) {
    ExpectRefused(*server, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, 431);
  }
}

TEST(ServerLimitsTest, ABodyThatIsTooLargeIsRefused) {
  const auto server = StartServer(EchoRouter());
  ExpectRefused(*server, RequestText(Method::kPost, "/echo", std::string(1001, 'x'), {}), 413);
  // Refused by its length alone: nothing of it is sent.
  ExpectRefused(*server, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000000\r\n\r\n", 413);
  const std::string chunked = fmt::format("400\r\n{}\r\n400\r\n", std::string(1024, 'x'));
  ExpectRefused(*server, RequestText(Method::kPost, "/echo", chunked, {{"Transfer-Encoding", "chunked"}}), 413);
}

TEST(ServerLimitsTest, TheAnswerArrivesThoughTheBodyIsStillSent) {
  const auto server = StartServer(EchoRouter());
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n"));
  client.Send(std::string(900'000, 'x'));
  EXPECT_EQ(client.Read()->status, 404);
}

TEST(ServerLimitsTest, MemoryOfAllBodiesIsLimited) {
  const auto server = StartServer(EchoRouter(600'000), {.max_body_memory = 1'000'000});
  HttpClient holder(server->port());
  ASSERT_TRUE(holder.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\nExpect: 100-continue\r\n\r\n"));
  ASSERT_EQ(holder.Read()->status, 100);
  ExpectRefused(*server, RequestText(Method::kPost, "/echo", std::string(600'000, 'x'), {}), 503);
  ASSERT_TRUE(holder.Send(std::string(600'000, 'x')));
  EXPECT_EQ(holder.Read()->status, 200);
  // The memory comes back when the answer is sent, which is a moment after it is read here.
  int status = 503;
  for (int i = 0; i < 2000 && status == 503; ++i) {
    HttpClient after(server->port());
    status = after.Call(Method::kPost, "/echo", std::string(600'000, 'x')).status;
    if (status == 503) std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_EQ(status, 200);
}

TEST(ServerLimitsTest, ABodyCountsAsLongAsItsRequestIsThere) {
  std::mutex mutex;
  std::vector<std::pair<std::shared_ptr<const Request>, Reply>> kept;  // As in a queue that does not come to them.
  Router router;
  router.Add({.method = Method::kPost,
              .pattern = "/keep",
              .operation = "keep",
              .handler =
                  [&](std::shared_ptr<const Request> request, Reply reply) {
                    const std::lock_guard lock(mutex);
                    kept.emplace_back(std::move(request), std::move(reply));
                  },
              .max_body_bytes = 600'000,
              .timeout = milliseconds(50)});
  const auto server =
      StartServer(std::move(router), {.max_body_memory = 1'000'000, .timeouts = {.overrun = milliseconds(50)}});
  const auto post = [&server] {
    HttpClient client(server->port());
    return client.Call(Method::kPost, "/keep", std::string(600'000, 'x')).body;
  };
  EXPECT_THAT(post(), HasSubstr("no answer in time"));
  EXPECT_THAT(post(), HasSubstr("too many large requests"));
  {
    const std::lock_guard lock(mutex);
    kept.clear();
  }
  // The connection lets go of its request when the answer is sent, which is a moment after it is read here.
  std::string answer = post();
  for (int i = 0; i < 2000 && answer.find("too many large requests") != std::string::npos; ++i) {
    std::this_thread::sleep_for(milliseconds(5));
    answer = post();
  }
  EXPECT_THAT(answer, HasSubstr("no answer in time"));
}

TEST(ServerLimitsTest, ConnectionsAreLimited) {
  const auto server = StartServer(EchoRouter(), {.max_connections = 2});
  HttpClient first(server->port());
  HttpClient second(server->port());
  EXPECT_EQ(first.Get("/none").status, 404);
  EXPECT_EQ(second.Get("/none").status, 404);
  HttpClient third(server->port());
  EXPECT_EQ(third.Read()->status, 503);
  first.Close();
  for (int i = 0; i < 2000 && server->open_connections() == 2; ++i) std::this_thread::sleep_for(milliseconds(5));
  HttpClient fourth(server->port());
  EXPECT_EQ(fourth.Get("/none").status, 404);
}

TEST(ServerLimitsTest, ASlowHeadIsEnded) {
  const auto server = StartServer(EchoRouter(), {.timeouts = {.head = milliseconds(200)}});
  HttpClient client(server->port());
  // A byte now and then does not help.
  std::jthread dripping([&client](const std::stop_token& stop) {
    for (const char c : std::string("GET /none HTTP/1.1\r\nA: ") + std::string(1000, 'x')) {
      if (stop.stop_requested() || !client.Send({&c, 1})) return;
      std::this_thread::sleep_for(milliseconds(20));
    }
  });
  const auto response = client.Read();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 408);
}

TEST(ServerLimitsTest, AnIdleConnectionIsClosedWithoutAWord) {
  const auto server = StartServer(EchoRouter(), {.timeouts = {.idle = milliseconds(500)}});
  HttpClient silent(server->port());
  EXPECT_TRUE(silent.IsClosedByServer());
  const auto [used, answer] = AskImpatient(server->port(), RequestText(Method::kGet, "/none", {}, {}));
  EXPECT_EQ(answer.status, 404);
  EXPECT_TRUE(used->IsClosedByServer());
}

TEST(ServerLimitsTest, ABodyThatStallsIsEnded) {
  const auto server = StartServer(EchoRouter(), {.timeouts = {.stall = milliseconds(200)}});
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"));
  EXPECT_EQ(client.Read()->status, 408);
}

TEST(ServerLimitsTest, AClientThatDoesNotReadIsLeft) {
  const auto server = StartServer(EchoRouter(), {.timeouts = {.stall = milliseconds(200)}});
  HttpClient client(server->port());
  ASSERT_TRUE(client.Send(RequestText(Method::kGet, "/big", {}, {})));
  for (int i = 0; i < 2000 && server->open_connections() != 0; ++i) std::this_thread::sleep_for(milliseconds(5));
  EXPECT_EQ(server->open_connections(), 0);
}

TEST(ServerAccessTest, KeysAreAskedForWhereTheRouteNeedsOne) {
  Router router;
  const auto who = [](const std::shared_ptr<const Request>& request, const Reply& reply) {
    reply({.body = request->principal.name});
  };
  router.Add(
      {.method = Method::kGet, .pattern = "/open", .operation = "open", .access = Access::kOpen, .handler = who});
  router.Add(
      {.method = Method::kGet, .pattern = "/v1/{c}", .operation = "read", .access = Access::kRead, .handler = who});
  router.Add({.method = Method::kPut,
              .pattern = "/v1/{c}",
              .operation = "write",
              .access = Access::kWrite,
              .handler = who,
              .max_body_bytes = 100});
  const auto server = StartServer(std::move(router), {}, [](const Request& request) -> Result<Principal> {
    const auto key = request.headers.Find("Authorization");
    if (key == "Bearer reader") return Principal{.name = "r", .admin = false, .collections = {"a"}};
    if (key == "Bearer broken") return Fail(ErrorCode::kUnavailable, "the key file cannot be read");
    return Fail(ErrorCode::kInvalidArgument, "no valid key");
  });
  const auto call = [&server](Method method, std::string_view path, std::string key) {
    HttpClient client(server->port());
    return client.Call(method, path, "", {{"Authorization", std::move(key)}});
  };
  EXPECT_EQ(call(Method::kGet, "/open", "nonsense").status, 200);
  EXPECT_EQ(call(Method::kGet, "/v1/a", "Bearer reader").body, "r");
  const ClientResponse refused = call(Method::kGet, "/v1/a", "nonsense");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.headers.Find("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(call(Method::kGet, "/v1/b", "Bearer reader").status, 403);
  EXPECT_EQ(call(Method::kPut, "/v1/a", "Bearer reader").status, 403);
  EXPECT_EQ(call(Method::kGet, "/v1/a", "Bearer broken").status, 503);
  EXPECT_EQ(call(Method::kGet, "/none", "nonsense").status, 404);
}

TEST(ServerAccessTest, AllowedOriginsMayCall) {
  const auto server = StartServer(EchoRouter(), {.cors_origins = {"https://app.example"}});
  HttpClient client(server->port());
  const ClientResponse asked = client.Call(
      Method::kOptions, "/echo", "", {{"Origin", "https://app.example"}, {"Access-Control-Request-Method", "POST"}});
  EXPECT_EQ(asked.status, 204);
  EXPECT_EQ(asked.headers.Find("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(asked.headers.Find("Access-Control-Allow-Methods"), "POST, OPTIONS");
  EXPECT_THAT(std::string(*asked.headers.Find("Access-Control-Allow-Headers")), HasSubstr("Authorization"));
  const ClientResponse answered = client.Call(Method::kPost, "/echo", "a", {{"Origin", "https://app.example"}});
  EXPECT_EQ(answered.status, 200);
  EXPECT_EQ(answered.headers.Find("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(answered.headers.Find("Vary"), "Origin");
  const ClientResponse other = client.Call(
      Method::kOptions, "/echo", "", {{"Origin", "https://evil.example"}, {"Access-Control-Request-Method", "POST"}});
  EXPECT_EQ(other.headers.Find("Access-Control-Allow-Origin"), std::nullopt);
  EXPECT_EQ(other.headers.Find("Access-Control-Allow-Methods"), std::nullopt);
}

TEST(ServerAccessTest, HostsAreCheckedWhereNamesAreGiven) {
  const auto server = StartServer(EchoRouter(), {.host_names = {"photos.home"}});
  HttpClient client(server->port());
  for (const char* host :
       {"photos.home", "PHOTOS.home:8080", "localhost:1", "127.0.0.1", "192.168.1.5:8080", "[::1]:8080"}) {
    EXPECT_EQ(client.Get("/none", {{"Host", host}}).status, 404) << host;
  }
  for (const char* host : {"evil.example", "evil.example:80", "127.0.0.1.evil.example", "[", ""}) {
    EXPECT_EQ(client.Get("/none", {{"Host", host}}).status, 403) << host;
  }
}

TEST(ServerAccessTest, AnswersBeginNoNewLines) {
  Router router;
  router.Add({.method = Method::kGet,
              .pattern = "/file",
              .operation = "file",
              .handler = [](const std::shared_ptr<const Request>&, const Reply& reply) {
                reply({.headers = {{"Content-Disposition", "inline; filename=\"a\r\nSet-Cookie: b\""}}});
              }});
  const auto server = StartServer(std::move(router));
  HttpClient client(server->port());
  const ClientResponse response = client.Get("/file");
  EXPECT_EQ(response.headers.Find("Set-Cookie"), std::nullopt);
  EXPECT_EQ(response.headers.Find("Content-Disposition"), "inline; filename=\"a  Set-Cookie: b\"");
}

}  // namespace
}  // namespace sightline::http
