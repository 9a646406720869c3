// SPDX-License-Identifier: BSD-3-Clause
// A thousand connections that do everything wrong, from a fixed seed: afterwards the server answers as before and no
// descriptor is left.
#include <array>
#include <filesystem>
#include <iterator>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "http/json_internal.h"
#include "http/server.h"
#include "http/task_pool.h"
#include "tests/http/http_client.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using std::chrono::milliseconds;
using testing::AskImpatient;
using testing::HttpClient;
using testing::RequestText;
using testing::StartServer;

constexpr size_t kBatches = 10;
constexpr size_t kBatch = 100;

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator folder("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(folder), end(folder)));
}

class Chaos {
 public:
  explicit Chaos(uint32_t seed) : random_(seed) {}

  size_t Below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random_); }

  /// A request that is well-formed, with a body now and then.
  std::string Valid() {
    constexpr std::array kTargets = {"/json", "/none", "/json?a=%20b&c", "/text", "/%zz"};
    constexpr std::array kMethods = {Method::kGet, Method::kPost, Method::kHead, Method::kPut, Method::kOptions};
    const std::string body = Below(2) == 0 ? "" : R"({"name": "a", "list": [1, 2.5, -3], "deep": {"a": [[[{}]]]}})";
    Headers headers = {{"Content-Type", "application/json"}, {"X-Request-Id", "f"}};
    if (Below(4) == 0) headers.Add("Accept-Encoding", "gzip");
    if (Below(4) == 0) headers.Add("Range", "bytes=1-2");
    return RequestText(kMethods.at(Below(kMethods.size())), kTargets.at(Below(kTargets.size())), body, headers);
  }

  /// A few bytes changed, removed, repeated or put in.
  std::string Broken(std::string text) {
    for (size_t i = 0, edits = 1 + Below(8); i < edits && !text.empty(); ++i) {
      const size_t at = Below(text.size());
      const size_t size = 1 + Below(std::min<size_t>(text.size() - at, 16));
      switch (Below(4)) {
        case 0:
          text[at] = static_cast<char>(Below(256));
          break;
        case 1:
          text.erase(at, size);
          break;
        case 2:
          text.insert(at, text.substr(at, size));
          break;
        default:
          text.insert(at, size, static_cast<char>(Below(256)));
      }
    }
    return text;
  }

  std::string Oversized() {
    switch (Below(3)) {
      case 0:
        return fmt::format("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", std::string(40'000, 'a'));
      case 1:
        return fmt::format("GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", std::string(40'000, 'a'));
      default:
        return RequestText(Method::kPost, "/json", std::string(20'000, '['), {});
    }
  }

  /// What one connection sends.
  std::string Bytes() {
    switch (Below(5)) {
      case 0:
        return Broken(Valid());
      case 1:
        return Oversized();
      case 2: {  // Pipelined, the last one cut off.
        std::string text;
        for (size_t i = 0, count = 1 + Below(10); i < count; ++i) text += Valid();
        return text.substr(0, text.size() - Below(20));
      }
      case 3:
        return Valid().substr(0, Below(40));  // Slow: the rest never comes.
      default: {
        std::string noise;
        for (size_t i = 0, count = Below(200); i < count; ++i) noise.push_back(static_cast<char>(Below(256)));
        return noise;
      }
    }
  }

 private:
  std::mt19937 random_;
};

/// Reads a body as the routes do, on the pool.
Response ReadBody(const Request& request) {
  const auto body = ParseJsonBody(request);
  if (!body) return ProblemResponse(request, body.error());
  ObjectReader reader(*body, "");
  std::string name;
  std::vector<float> list;
  reader.Text("name", &name, ObjectReader::kRequired);
  reader.Floats("list", 10, &list);
  reader.Object("deep");
  if (const auto finished = reader.Finish(); !finished) return ProblemResponse(request, finished.error());
  return JsonResponse(200, {{"name", name}, {"count", list.size()}});
}

Router FuzzedRouter(TaskPool& pool) {
  Router router;
  router.Add({.method = Method::kPost,
              .pattern = "/json",
              .operation = "json",
              .handler = OnPool(pool, ReadBody),
              .max_body_bytes = 10'000});
  router.Add({.method = Method::kGet,
              .pattern = "/text",
              .operation = "text",
              .handler = [](const std::shared_ptr<const Request>&, const Reply& reply) {
                reply({.headers = {{"Content-Type", "text/plain"}}, .body = std::string(5000, 'a')});
              }});
  return router;
}

void Misbehave(Chaos& chaos, HttpClient& client) {
  client.Send(chaos.Bytes());
  switch (chaos.Below(4)) {
    case 0:
      return client.CloseSending();
    case 1:
      return client.Close();
    case 2:
      return client.Close(true);
    default:  // Stays.
      return;
  }
}

TEST(ServerFuzzSlowTest, AThousandBrokenConnectionsLeaveTheServerAsItWas) {
  TaskPool pool(2, 64);
  const auto server = StartServer(FuzzedRouter(pool), {.timeouts = {.head = milliseconds(800),
                                                                    .stall = milliseconds(800),
                                                                    .idle = milliseconds(800),
                                                                    .linger = milliseconds(100)}});
  EXPECT_EQ(AskImpatient(server->port(), RequestText(Method::kGet, "/text", {}, {})).second.status, 200);
  const auto all_closed = [&server] {
    for (int i = 0; i < 6000 && server->open_connections() > 0; ++i) std::this_thread::sleep_for(milliseconds(5));
    return server->open_connections() == 0;
  };
  ASSERT_TRUE(all_closed());
  const size_t before = OpenDescriptors();
  const std::string good =
      RequestText(Method::kPost, "/json", R"({"name": "a", "list": [1]})", {{"Content-Type", "application/json"}});
  Chaos chaos(20261126);
  for (size_t batch = 0; batch < kBatches; ++batch) {
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (size_t i = 0; i < kBatch; ++i) {
      clients.push_back(std::make_unique<HttpClient>(server->port()));
      Misbehave(chaos, *clients.back());
    }
    // Those that stay are ended by the server: nobody here closes them.
    EXPECT_TRUE(all_closed()) << "batch " << batch;
    EXPECT_EQ(server->requests_in_flight(), 0);
    EXPECT_EQ(AskImpatient(server->port(), good).second.body, R"({"name":"a","count":1})");
  }
  ASSERT_TRUE(all_closed());
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(JsonFuzzTest, BrokenBodiesAreProblemsOrValues) {
  Chaos chaos(7);
  size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    Request request;
    request.body =
        chaos.Broken(R"({"name": "a\u00e9\n", "list": [1, 2.5, -3e5], "deep": {"a": [[[{"b": null}]]], "t": true}})");
    const Response response = ReadBody(request);
    ASSERT_TRUE(response.status == 200 || response.status == 400) << request.body;
    if (response.status == 400) ++refused;
  }
  EXPECT_GT(refused, 10'000);
  EXPECT_LT(refused, 20'000);
}

}  // namespace
}  // namespace sightline::http
