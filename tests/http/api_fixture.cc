// SPDX-License-Identifier: BSD-3-Clause
#include "tests/http/api_fixture.h"

#include <chrono>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "http/compat_routes.h"
#include "http/page_routes.h"
#include "http/probe_routes.h"
#include "http/search_route.h"

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::chrono::seconds kPatience{60};

const OpenApiChecker& Document() {
  static const OpenApiChecker checker(http::OpenApiDocument());
  return checker;
}

std::mutex answered_mutex;
std::set<std::string> answered_statuses;

std::string BytesOf(const http::Response& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
  if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&response.body)) return **shared;
  const auto& reader = std::get<std::shared_ptr<http::ContentReader>>(response.body);
  std::string bytes(reader->size(), '\0');
  EXPECT_THAT(reader->ReadAt(0, std::as_writable_bytes(std::span(bytes))), IsOk());
  return bytes;
}

}  // namespace

void ApiFixture::Start(bool with_model) {
  auto encoder = with_model ? std::make_unique<FakeEncoder>() : nullptr;
  encoder_ = encoder.get();
  auto host = http::Host::Open({.data_dir = dir_.path() / "data", .encoder = std::move(encoder)});
  ASSERT_THAT(host, IsOk());
  host_ = *std::move(host);
  auto media = http::MediaStore::Open(uploads());
  ASSERT_THAT(media, IsOk());
  media_ = *std::move(media);
  fs::create_directories(root());
  const fs::path folder = root();
  auto roots = http::PathRoots::Make(std::span(&folder, 1));
  ASSERT_THAT(roots, IsOk());
  roots_ = *std::move(roots);
  jobs_ = std::make_unique<http::JobService>();
  pool_ = std::make_unique<http::TaskPool>(2, 16);
  router_ = std::make_unique<http::Router>();
  const http::Api api = {.host = *host_, .pool = *pool_, .jobs = *jobs_, .media = *media_, .roots = roots_};
  http::AddCollectionRoutes(*router_, api);
  http::AddItemRoutes(*router_, api);
  http::AddJobRoutes(*router_, api);
  http::AddMediaRoutes(*router_, api);
  http::AddOpenApiRoute(*router_);
  auto fetcher = http::ImageFetcher::Make({});
  ASSERT_THAT(fetcher, IsOk());
  fetcher_ = *std::move(fetcher);
  http::AddSearchRoute(*router_, {.host = *host_, .pool = *pool_, .fetcher = *fetcher_});
  const http::CompatApi compat = {.host = *host_, .pool = *pool_, .fetcher = *fetcher_};
  http::AddEmbeddingsRoute(*router_, compat);
  http::AddRerankRoutes(*router_, compat);
  http::AddKnnRoutes(*router_, compat);
  metrics_ = std::make_unique<MetricsRegistry>();
  http::AddProbeRoutes(*router_, *pool_, *metrics_, {.ready = [this] { return ready_; }});
  http::AddPageRoutes(*router_);
}

void ApiFixture::Stop() {
  pool_.reset();
  jobs_.reset();
  router_.reset();
  media_.reset();
  host_.reset();
}

Answer ApiFixture::Call(http::Method method, const std::string& target, const Sent& sent) {
  const size_t mark = std::min(target.find('?'), target.size());
  auto request = std::make_shared<http::Request>();
  request->id = "test";
  request->method = method;
  request->path = target.substr(0, mark);
  if (mark < target.size()) request->query = http::ParseQuery(target.substr(mark + 1)).value();
  request->headers = sent.headers;
  request->body = sent.body;
  request->principal = sent.principal;
  request->limits = sent.limits;
  http::Match match = router_->Find(method, request->path);
  if (match.route == nullptr) {
    ADD_FAILURE() << "no route for " << target;
    return {};
  }
  request->parameters = std::move(match.parameters);
  auto answered = std::make_shared<std::promise<http::Response>>();
  match.route->handler(request, [answered](http::Response response) { answered->set_value(std::move(response)); });
  auto future = answered->get_future();
  if (future.wait_for(kPatience) != std::future_status::ready) {
    ADD_FAILURE() << "no answer to " << target;
    return {};
  }
  const http::Response response = future.get();
  Answer answer{.status = response.status, .headers = response.headers, .body = BytesOf(response)};
  {
    const std::lock_guard lock(answered_mutex);
    answered_statuses.insert(fmt::format("{} {}", match.route->operation, answer.status));
  }
  for (const std::string& problem :
       Document().CheckAnswer(match.route->operation, answer.status, answer.header("Content-Type"), answer.body)) {
    ADD_FAILURE() << problem << "\n" << answer.body.substr(0, 500);
  }
  return answer;
}

std::set<std::string> AnsweredStatuses() {
  const std::lock_guard lock(answered_mutex);
  return answered_statuses;
}

Answer ApiFixture::Upload(const std::string& collection, const std::string& content, const std::string& metadata) {
  constexpr std::string_view kBoundary = "----boundary7MA4YWxk";
  std::string body = fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"picture\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n{}\r\n",
      kBoundary, content);
  if (!metadata.empty()) {
    body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{}\r\n", kBoundary, metadata);
  }
  body += fmt::format("--{}--\r\n", kBoundary);
  return Call(
      http::Method::kPost, fmt::format("/v1/collections/{}/items", collection),
      {.body = body, .headers = {{"Content-Type", fmt::format("multipart/form-data; boundary={}", kBoundary)}}});
}

json::object ApiFixture::WaitForJob(const std::string& collection, uint64_t id) {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const Answer answer = Get(fmt::format("/v1/collections/{}/jobs/{}", collection, id));
    if (answer.status != 200) {
      ADD_FAILURE() << answer.body;
      return {};
    }
    json::object job = answer.json().as_object();
    const json::string& state = job.at("state").as_string();
    if (state != "queued" && state != "running" && state != "stopping") return job;
    if (std::chrono::steady_clock::now() > give_up) {
      ADD_FAILURE() << "the job does not end: " << answer.body;
      return job;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

json::object ApiFixture::RunJob(const std::string& collection, const std::string& json) {
  const Answer answer = Post(fmt::format("/v1/collections/{}/jobs", collection), json);
  EXPECT_EQ(answer.status, 202) << answer.body;
  if (answer.status != 202) return {};
  return WaitForJob(collection, answer.json().at("id").to_number<uint64_t>());
}

size_t ApiFixture::UploadedFiles() const {
  size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(uploads())) count += entry.is_regular_file() ? 1 : 0;
  return count;
}

}  // namespace sightline::testing
