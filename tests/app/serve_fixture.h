// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <signal.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "http/base64.h"
#include "tests/app/app_fixture.h"
#include "tests/http/http_client.h"
#include "tests/support/child_process.h"

namespace sightline::app {

/// A running `sightline serve` on the suite's data folder.
class ServeIntegrationTest : public AppIntegration {
 protected:
  static constexpr std::chrono::seconds kPatience{120};

  void TearDown() override { server_.reset(); }

  void Start(const std::vector<std::string>& more = {}, std::vector<std::string> variables = {}) {
    std::vector<std::string> arguments = {SIGHTLINE_BINARY, "--data-dir", data(), "serve", "--listen", "127.0.0.1:0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    variables.emplace_back("SIGHTLINE_LOG_LEVEL=warning");
    variables.emplace_back("SIGHTLINE_SERVER_REQUEST_TIMEOUT_S=60");  // A busy machine takes longer than others.
    server_ = std::make_unique<testing::ChildProcess>(arguments, variables);
    const std::string line = server_->ReadLine(kPatience).value_or("");
    const size_t colon = line.rfind(':');
    ASSERT_NE(colon, std::string::npos) << "the server did not start";
    ASSERT_THAT(line, ::testing::HasSubstr("listening on http://127.0.0.1:"));
    std::from_chars(line.data() + colon + 1, line.data() + line.size(), port_);
  }

  /// Ends the server in order.
  void Stop() {
    ASSERT_EQ(::kill(server_->pid(), SIGTERM), 0);
    EXPECT_EQ(server_->Wait(), 0);
    server_.reset();
  }

  std::vector<std::string> PathsOfSearch(const std::string& words) {
    testing::HttpClient client(port_);
    const auto answer =
        client.PostJson("/v1/collections/photos/search", fmt::format(R"({{"query": {{"text": "{}"}}}})", words));
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::vector<std::string> paths;
    const boost::json::value body = boost::json::parse(answer.body);
    for (const auto& hit : body.at("hits").as_array()) paths.emplace_back(hit.at("path").as_string().c_str());
    return paths;
  }

  static std::string Photo(const std::string& name) {
    return testing::ReadTestFile(testing::SourceTree("samples/photos/" + name));
  }
  testing::ClientResponse Upload(const std::string& collection, const std::string& content) {
    testing::HttpClient client(port_);
    const std::string body =
        fmt::format(R"({{"content_base64": "{}"}})", http::EncodeBase64(std::as_bytes(std::span(content))));
    return client.PostJson("/v1/collections/" + collection + "/items", body);
  }

  /// What a search prints, without what differs from run to run.
  static boost::json::value SearchJson(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"search", "photos", "--json"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    boost::json::value value = Json(Run(all));
    value.as_object().erase("timings_ms");
    value.as_object().erase("patches_cached");  // a server has them from the searches before
    return value;
  }

  std::unique_ptr<testing::ChildProcess> server_;
  uint16_t port_ = 0;
};

}  // namespace sightline::app
