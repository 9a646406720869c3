// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/page_routes.h"
#include "http/server.h"
#include "tests/http/http_client.h"

namespace sightline::http {
namespace {

using ::sightline::testing::ClientResponse;
using ::sightline::testing::HttpClient;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// The page behind the real server, which adds what every answer has.
class PageServedTest : public ::testing::Test {
 protected:
  PageServedTest() {
    Router router;
    AddPageRoutes(router);
    server_ = sightline::testing::StartServer(std::move(router));
  }

  static std::string HeaderOf(const ClientResponse& response, std::string_view name) {
    return std::string(response.headers.Find(name).value_or(""));
  }

  std::unique_ptr<Server> server_;
};

TEST_F(PageServedTest, ThePageIsAnswered) {
  HttpClient client(server_->port());
  const ClientResponse page = client.Get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, StartsWith("<!doctype html>"));
  EXPECT_EQ(client.Get("/?c=holidays&q=a+dog").status, 200) << "the search is in the address";
}

TEST_F(PageServedTest, OnePolicyIsSentAndItIsThatOfThePage) {
  HttpClient client(server_->port());
  for (const char* path : {"/", "/page/app.js"}) {
    const ClientResponse response = client.Get(path);
    const auto count = std::count_if(response.headers.begin(), response.headers.end(), [](const auto& field) {
      return EqualIgnoringCase(field.first, "Content-Security-Policy");
    });
    EXPECT_EQ(count, 1) << path;
    EXPECT_EQ(HeaderOf(response, "Content-Security-Policy"), kPagePolicy) << path;
    EXPECT_EQ(HeaderOf(response, "X-Content-Type-Options"), "nosniff") << path;
  }
}

TEST_F(PageServedTest, AKnownVersionIsNotSentAgain) {
  HttpClient client(server_->port());
  for (const char* path : {"/", "/page/style.css"}) {
    const std::string tag = HeaderOf(client.Get(path), "ETag");
    const ClientResponse again = client.Get(path, {{"If-None-Match", tag}});
    EXPECT_EQ(again.status, 304) << path;
    EXPECT_THAT(again.body, IsEmpty()) << path;
    EXPECT_EQ(client.Get(path, {{"If-None-Match", "\"another\""}}).status, 200) << path;
  }
}

TEST_F(PageServedTest, TextIsCompressedForWhomTakesIt) {
  HttpClient client(server_->port());
  const ClientResponse plain = client.Get("/page/style.css");
  const ClientResponse packed = client.Get("/page/style.css", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(HeaderOf(packed, "Content-Encoding"), "gzip");
  EXPECT_LT(packed.body.size() * 2, plain.body.size());
  EXPECT_THAT(HeaderOf(packed, "Vary"), HasSubstr("Accept-Encoding"));
}

TEST_F(PageServedTest, AFileThatIsNotThereIsAProblem) {
  HttpClient client(server_->port());
  const ClientResponse response = client.Get("/page/nothing.js");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(HeaderOf(response, "Content-Type"), "application/problem+json");
}

}  // namespace
}  // namespace sightline::http
