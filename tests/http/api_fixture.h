// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "base/metrics.h"
#include "http/api.h"
#include "http/image_fetcher.h"
#include "tests/http/openapi_checker.h"
#include "tests/indexer/test_pictures.h"
#include "tests/support/fake_encoder.h"
#include "tests/support/test_support.h"

namespace sightline::testing {

/// What a route answered.
struct Answer {
  int status = 0;
  http::Headers headers;
  std::string body;

  boost::json::value json() const { return boost::json::parse(body); }
  std::string header(std::string_view name) const { return std::string(headers.Find(name).value_or("")); }
  /// The `code` of a problem, and its `field`.
  std::string code() const { return std::string(json().at("code").as_string()); }
  std::string field() const { return std::string(json().at("field").as_string()); }
};

struct Sent {
  std::string body{};
  http::Headers headers{};
  http::Principal principal{};
  Limits limits{};
};

/// All routes of the service over a fresh data folder with a fake model, called without a socket. Every
/// answer is held against the OpenAPI document.
class ApiFixture : public ::testing::Test {
 protected:
  ApiFixture() { Start(); }
  ~ApiFixture() override { Stop(); }

  /// As a restart of the server does.
  void Start(bool with_model = true);
  void Stop();

  Answer Call(http::Method method, const std::string& target, const Sent& sent = {});
  Answer Get(const std::string& target) { return Call(http::Method::kGet, target); }
  Answer Post(const std::string& target, const std::string& json) {
    return Call(http::Method::kPost, target, {.body = json, .headers = {{"Content-Type", "application/json"}}});
  }
  Answer Put(const std::string& target, const std::string& json = {}) {
    return Call(http::Method::kPut, target, {.body = json, .headers = {{"Content-Type", "application/json"}}});
  }
  Answer Patch(const std::string& target, const std::string& json) {
    return Call(http::Method::kPatch, target, {.body = json, .headers = {{"Content-Type", "application/json"}}});
  }
  Answer Delete(const std::string& target) { return Call(http::Method::kDelete, target); }
  /// Uploads a file as browsers do. `metadata` is JSON; empty: none.
  Answer Upload(const std::string& collection, const std::string& content, const std::string& metadata = {});

  /// Of an item that was added.
  static uint64_t IdOf(const Answer& answer) { return answer.json().at("item").at("item_id").to_number<uint64_t>(); }

  /// Waits until the job has ended. @return its last answer.
  boost::json::object WaitForJob(const std::string& collection, uint64_t id);
  /// Starts a job and waits until it has ended.
  boost::json::object RunJob(const std::string& collection, const std::string& json);

  /// A picture of one colour.
  static std::string Picture(Rgb colour) { return BmpBytes(6, 5, colour); }
  std::filesystem::path root() const { return dir_.path() / "root"; }
  std::filesystem::path uploads() const { return dir_.path() / "data" / "media"; }
  size_t UploadedFiles() const;

  Status ready_;                    ///< What /readyz is told.
  FakeEncoder* encoder_ = nullptr;  ///< Of the running server.
  std::unique_ptr<http::Host> host_;
  std::unique_ptr<http::JobService> jobs_;
  std::unique_ptr<http::MediaStore> media_;
  std::unique_ptr<http::Router> router_;

 private:
  TempDir dir_;
  http::PathRoots roots_;
  std::unique_ptr<http::TaskPool> pool_;
  std::unique_ptr<http::ImageFetcher> fetcher_;
  std::unique_ptr<MetricsRegistry> metrics_;
};

/// Every status that a route has answered in this process, as "add_item 201".
std::set<std::string> AnsweredStatuses();

}  // namespace sightline::testing
