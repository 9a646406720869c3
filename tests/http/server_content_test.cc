// SPDX-License-Identifier: BSD-3-Clause
// Bodies as they go over the wire: files, ranges, compression, TLS.
#include <fmt/format.h>

#include "http/content_reader.h"
#include "http/problem.h"
#include "http/server.h"
#include "http/task_pool.h"
#include "tests/http/http_client.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using testing::ClientResponse;
using testing::HttpClient;
using testing::StartServer;

class ServerContentTest : public ::testing::Test {
 protected:
  ServerContentTest() {
    for (int i = 0; i < 1'000'000; ++i) content_.push_back(static_cast<char>((i * 2654435761U) >> 24));
    testing::WriteTestFile(folder_ / "film.mp4", content_);
    Router router;
    router.Add(
        {.method = Method::kGet,
         .pattern = "/film",
         .operation = "film",
         .handler = OnPool(pool_, [this](const Request& request) {
           auto content = OpenContent(media::Source::FromFile(folder_ / "film.mp4"));
           if (!content) return ProblemResponse(request, content.error());
           return Response{.headers = {{"Content-Type", "video/mp4"}, {"ETag", "\"f1\""}}, .body = *std::move(content)};
         })});
    router.Add({.method = Method::kGet,
                .pattern = "/text",
                .operation = "text",
                .handler = [](const std::shared_ptr<const Request>&, const Reply& reply) {
                  reply({.headers = {{"Content-Type", "text/plain"}},
                         .body = std::make_shared<const std::string>(100'000, 'a')});
                }});
    server_ = StartServer(std::move(router));
  }

  const testing::TempDir folder_;
  std::string content_;
  TaskPool pool_{1, 8};
  std::unique_ptr<Server> server_;
};

TEST_F(ServerContentTest, FilesAreSentWhole) {
  HttpClient client(server_->port());
  const ClientResponse response = client.Get("/film");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body == content_);
  EXPECT_EQ(client.Call(Method::kHead, "/film").headers.Find("Content-Length"), "1000000");
}

TEST_F(ServerContentTest, RangesOfFilesAreSent) {
  HttpClient client(server_->port());
  for (const auto& [first, last] :
       {std::pair(0, 0), std::pair(5, 299'999), std::pair(262'143, 262'145), std::pair(999'999, 999'999)}) {
    const ClientResponse response = client.Get("/film", {{"Range", fmt::format("bytes={}-{}", first, last)}});
    EXPECT_EQ(response.status, 206);
    EXPECT_TRUE(response.body == content_.substr(static_cast<size_t>(first), static_cast<size_t>(last - first + 1)))
        << first;
    EXPECT_EQ(response.headers.Find("Content-Range"), fmt::format("bytes {}-{}/1000000", first, last));
  }
  EXPECT_EQ(client.Get("/film", {{"Range", "bytes=1000000-"}}).status, 416);
  EXPECT_EQ(client.Get("/film", {{"If-None-Match", "\"f1\""}}).status, 304);
  EXPECT_EQ(client.Get("/film").body.size(), 1'000'000);
}

// RFC 9110, 14.2: a server may ignore Range.
TEST_F(ServerContentTest, SeveralRangesAreAnsweredWithTheWholeFile) {
  HttpClient client(server_->port());
  for (const char* ranges : {"bytes=0-0,5-9", "bytes=0-0, -1", "bytes=0-,0-,0-,0-", "bytes=2000000-,0-0"}) {
    const ClientResponse response = client.Get("/film", {{"Range", ranges}});
    EXPECT_EQ(response.status, 200) << ranges;
    EXPECT_EQ(response.headers.Find("Content-Range"), std::nullopt);
    EXPECT_TRUE(response.body == content_) << ranges;
  }
}

TEST_F(ServerContentTest, AFileThatShrinksEndsTheConnection) {
  HttpClient client(server_->port());
  ASSERT_TRUE(client.Send(testing::RequestText(Method::kGet, "/film", {}, {})));
  std::filesystem::resize_file(folder_ / "film.mp4", 10);
  // Whole, when it was sent before; never with other bytes in place of what is gone.
  const auto response = client.Read();
  if (response) {
    EXPECT_TRUE(response->status == 404 || response->body == content_ || response->body == content_.substr(0, 10));
  }
}

TEST_F(ServerContentTest, TextIsCompressedOnRequest) {
  HttpClient client(server_->port());
  const ClientResponse packed = client.Get("/text", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(packed.headers.Find("Content-Encoding"), "gzip");
  EXPECT_LT(packed.body.size(), 1000);
  EXPECT_TRUE(packed.body.starts_with("\x1F\x8B"));
  const ClientResponse plain = client.Get("/text");
  EXPECT_EQ(plain.headers.Find("Content-Encoding"), std::nullopt);
  EXPECT_EQ(plain.body.size(), 100'000);
}

}  // namespace
}  // namespace sightline::http
