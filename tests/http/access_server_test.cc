// SPDX-License-Identifier: BSD-3-Clause
// Keys in front of a real server.
#include <atomic>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "http/authenticator.h"
#include "http/key_file.h"
#include "http/server.h"
#include "tests/http/http_client.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using testing::ClientResponse;
using testing::HttpClient;
using testing::IsOk;

// A route for each kind of access, which answers with the name of whoever asked.
class AccessServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto keys = KeyRing::Open(file());
    ASSERT_THAT(keys, IsOk());
    Router router;
    const auto add = [&](Method method, const char* pattern, const char* operation, Access access) {
      router.Add({.method = method,
                  .pattern = pattern,
                  .operation = operation,
                  .access = access,
                  .handler =
                      [this](std::shared_ptr<const Request> request, const Reply& reply) {
                        ++handled_;
                        reply({.body = request->principal.name});
                      },
                  .max_body_bytes = 1000});
    };
    add(Method::kGet, "/open", "open", Access::kOpen);
    add(Method::kGet, "/c/{c}", "read", Access::kRead);
    add(Method::kGet, "/all", "read_all", Access::kReadAll);
    add(Method::kPost, "/c/{c}", "write", Access::kWrite);
    add(Method::kPost, "/admin", "admin", Access::kAdmin);
    server_ = testing::StartServer(std::move(router), {}, KeyAuthenticator(*std::move(keys), {}));
    ASSERT_NE(server_, nullptr);
  }
  std::filesystem::path file() const { return KeyFilePath(dir_.path()); }
  Headers Bearer(const NewKey& wanted) { return {{"Authorization", "Bearer " + AddKey(file(), wanted).value_or("")}}; }
  ClientResponse Call(Method method, const std::string& target, const Headers& headers) {
    HttpClient client(server_->port());
    return client.Call(method, target, method == Method::kPost ? "x" : "", headers);
  }

  testing::TempDir dir_;
  std::atomic<int> handled_ = 0;
  std::unique_ptr<Server> server_;
};

TEST_F(AccessServerTest, WithoutKeysEverybodyHereIsTheOwner) {
  EXPECT_EQ(Call(Method::kGet, "/c/photos", {}).body, "local");
  EXPECT_EQ(Call(Method::kPost, "/admin", {}).status, 200);
  EXPECT_EQ(Call(Method::kPost, "/c/photos", {{"Origin", "https://evil.example"}}).status, 403);
}

TEST_F(AccessServerTest, AMissingOrWrongKeyIsRefusedBeforeAnythingIsDone) {
  Bearer({.name = "somebody"});
  for (const Headers& headers : {Headers(), Headers({{"Authorization", "Bearer sl_wrong"}})}) {
    const ClientResponse answer = Call(Method::kPost, "/c/photos", headers);
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.headers.Find("WWW-Authenticate"), "Bearer realm=\"sightline\"");
    EXPECT_EQ(answer.headers.Find("Content-Type"), "application/problem+json");
    EXPECT_EQ(boost::json::parse(answer.body).at("code"), "unauthorized");
  }
  EXPECT_EQ(handled_, 0);
  EXPECT_EQ(Call(Method::kGet, "/open", {}).status, 200);
}

TEST_F(AccessServerTest, KeysDoWhatTheyMayAndNoMore) {
  const Headers reader = Bearer({.name = "reader", .collections = {"photos"}});
  EXPECT_EQ(Call(Method::kGet, "/c/photos", reader).body, "reader");
  EXPECT_EQ(Call(Method::kGet, "/c/secret", reader).status, 403);
  EXPECT_EQ(Call(Method::kPost, "/c/photos", reader).status, 403);
  EXPECT_EQ(Call(Method::kPost, "/admin", reader).status, 403);
  EXPECT_EQ(Call(Method::kGet, "/all", reader).status, 403);
  EXPECT_EQ(Call(Method::kGet, "/all", Bearer({.name = "reads-all"})).status, 200);
  const Headers writer = Bearer({.name = "writer", .admin = true, .collections = {"photos"}});
  EXPECT_EQ(Call(Method::kPost, "/c/photos", writer).status, 200);
  EXPECT_EQ(Call(Method::kPost, "/c/secret", writer).status, 403);
  EXPECT_EQ(Call(Method::kPost, "/admin", writer).status, 403);
  const Headers owner = Bearer({.name = "owner", .admin = true});
  EXPECT_EQ(Call(Method::kPost, "/c/secret", owner).status, 200);
  EXPECT_EQ(Call(Method::kPost, "/admin", owner).status, 200);
}

TEST_F(AccessServerTest, OneConnectionFollowsChangesOfTheKeys) {
  HttpClient client(server_->port());
  EXPECT_EQ(client.Get("/c/photos").status, 200);
  const Headers key = Bearer({.name = "a"});
  EXPECT_EQ(client.Get("/c/photos").status, 401);
  EXPECT_EQ(client.Get("/c/photos", key).status, 200);
  ASSERT_THAT(RevokeKey(file(), "a"), IsOk());
  EXPECT_EQ(client.Get("/c/photos", key).status, 401);
  testing::WriteTestFile(file(), "broken");
  EXPECT_EQ(client.Get("/c/photos", key).status, 503);
}

TEST_F(AccessServerTest, ManyKeysAreTriedAgainstOneServer) {
  const Headers key = Bearer({.name = "a"});
  HttpClient client(server_->port());
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(client.Get("/c/photos", {{"X-Api-Key", fmt::format("sl_{}", i)}}).status, 401);
  }
  EXPECT_EQ(client.Get("/c/photos", key).status, 200);
}

}  // namespace
}  // namespace sightline::http
