// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <boost/json.hpp>

#include "http/api.h"
#include "http/base64.h"
#include "http/compat_routes.h"
#include "http/host.h"
#include "tests/http/openapi_checker.h"
#include "tests/indexer/test_pictures.h"
#include "tests/support/fake_encoder.h"
#include "tests/support/test_support.h"

// For the tests of the routes in the shapes of other services.
namespace sightline::http {

namespace json = boost::json;

using ::testing::HasSubstr;
using testing::IsOk;
using testing::Rgb;

inline constexpr Rgb kRed = {255, 0, 0};
inline constexpr Rgb kBlue = {0, 0, 255};
inline constexpr Rgb kGreen = {0, 255, 0};

inline std::string Base64Of(Rgb colour) {
  const std::string bytes = testing::BmpBytes(6, 5, colour);
  return EncodeBase64(std::as_bytes(std::span(bytes)));
}

struct Answer {
  int status = 0;
  json::value body;
};

inline const testing::OpenApiChecker& Document() {
  static const testing::OpenApiChecker checker(OpenApiDocument());
  return checker;
}

// Two collections, "photos" with a red and a blue picture and a caption, and "secret", behind the routes, called
// without a socket.
class CompatRoutesTest : public ::testing::Test {
 protected:
  void SetUp() override { Start(true, {}); }

  void Start(bool with_model, const ImageFetcherOptions& fetching) {
    router_ = std::make_unique<Router>();
    pool_ = std::make_unique<TaskPool>(2, 16);
    host_.reset();
    auto encoder = with_model ? std::make_unique<testing::FakeEncoder>() : nullptr;
    encoder_ = encoder.get();
    auto host = Host::Open({.data_dir = dir_.path(), .encoder = std::move(encoder)});
    ASSERT_THAT(host, IsOk());
    host_ = *std::move(host);
    auto fetcher = ImageFetcher::Make(fetching);
    ASSERT_THAT(fetcher, IsOk());
    fetcher_ = *std::move(fetcher);
    const CompatApi api = {.host = *host_, .pool = *pool_, .fetcher = *fetcher_};
    AddEmbeddingsRoute(*router_, api);
    AddRerankRoutes(*router_, api);
    AddKnnRoutes(*router_, api);
  }

  void Fill() {
    const auto photos = host_->Create("photos", Config());
    ASSERT_THAT(photos, IsOk());
    red_ = AddPicture(**photos, kRed, {{"url", {"https://example.com/red.jpg"}}, {"caption", {"a red wall"}}});
    blue_ = AddPicture(**photos, kBlue, {});
    caption_ = AddCaption(**photos, "green");
    ASSERT_THAT(host_->Create("secret", Config()), IsOk());
  }

  Answer Call(Method method, const std::string& path, const std::string& body, const Principal& principal,
              const Headers& headers) {
    auto request = std::make_shared<Request>();
    request->id = "r-1";
    request->method = method;
    request->path = path;
    request->body = body;
    request->headers = headers;
    request->principal = principal;
    const Match match = router_->Find(method, path);
    if (match.route == nullptr) {
      ADD_FAILURE() << "no route " << path;
      return {};
    }
    auto answered = std::make_shared<std::promise<Response>>();
    match.route->handler(request, [answered](Response response) { answered->set_value(std::move(response)); });
    const Response response = answered->get_future().get();
    const auto& text = std::get<std::string>(response.body);
    std::vector<std::string> problems = Document().CheckAnswer(
        match.route->operation, response.status, response.headers.Find("Content-Type").value_or(""), text);
    if (response.status == 200 && !body.empty()) {
      for (std::string& problem : Document().CheckRequest(match.route->operation, json::parse(body))) {
        problems.push_back(std::move(problem));
      }
    }
    EXPECT_THAT(problems, ::testing::IsEmpty()) << body.substr(0, 300) << "\n" << text.substr(0, 300);
    return {response.status, json::parse(text)};
  }
  Answer Post(const std::string& path, const std::string& body, const Principal& principal = {}) {
    return Call(Method::kPost, path, body, principal, {{"Content-Type", "application/json"}});
  }
  Answer Post(const std::string& path, const json::object& body) { return Post(path, json::serialize(body)); }
  // The client sends JSON without saying so.
  Answer Knn(const std::string& body, const Principal& principal = {}) {
    return Call(Method::kPost, "/knn-service", body, principal, {});
  }
  static void ExpectRefused(const Answer& answer, int status, const std::string& field, const std::string& part) {
    EXPECT_EQ(answer.status, status) << json::serialize(answer.body);
    if (answer.status < 400) return;
    const json::object& problem = answer.body.as_object();
    if (!field.empty()) {
      EXPECT_EQ(problem.at("field"), json::value(field)) << json::serialize(answer.body);
    }
    EXPECT_THAT(std::string(problem.at("detail").as_string()), HasSubstr(part));
  }

  testing::FakeEncoder* encoder_ = nullptr;
  std::unique_ptr<Host> host_;
  std::unique_ptr<Router> router_;
  ItemId red_;
  ItemId blue_;
  ItemId caption_;

 private:
  static storage::CollectionConfig Config() { return {.model_name = "fake", .model_fingerprint = "fake", .dim = 8}; }

  static ItemId AddUnit(HostedCollection& hosted, UnitType type, const Embedding& embedding, const TokenMatrix& tokens,
                        Metadata metadata) {
    const auto ids = hosted.collection->AllocateIds(1, 1);
    EXPECT_THAT(ids, IsOk());
    storage::WriteSet changes;
    storage::ItemRecord item;
    item.id = ids->first_item;
    item.paths = {{.path = fmt::format("/p/{}", item.id.value), .size_bytes = 1, .mtime_ns = 1}};
    item.metadata = std::move(metadata);
    item.units = {ids->first_unit};
    storage::NewUnit unit;
    unit.record.id = ids->first_unit;
    unit.record.item = item.id;
    unit.record.type = type;
    unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = embedding}};
    std::vector<float> rows(size_t{tokens.tokens} * tokens.width);
    EXPECT_THAT(ExpandTokenMatrix(tokens, rows), IsOk());
    unit.tokens = MakeTokenMatrix(rows, tokens.tokens, tokens.width, TokenFormat::kInt8);
    changes.put_items.push_back(std::move(item));
    changes.put_units.push_back(std::move(unit));
    EXPECT_THAT(hosted.collection->Commit(changes), IsOk());
    return ids->first_item;
  }
  ItemId AddPicture(HostedCollection& hosted, Rgb colour, Metadata metadata) {
    ImageRgb8 picture = {.width = 4, .height = 4, .pixels = {}};
    for (int i = 0; i < 16; ++i) picture.pixels.insert(picture.pixels.end(), {colour.r, colour.g, colour.b});
    const encoder::ImageRequest request = {.model_pixels = &picture, .limits = {}};
    const auto encoding = std::move(encoder_->EncodeImages(std::span(&request, 1), TokenFormat::kFp32)[0]);
    return AddUnit(hosted, UnitType::kImage, encoding->embedding, encoding->patches, std::move(metadata));
  }
  ItemId AddCaption(HostedCollection& hosted, const std::string& words) {
    const encoder::TextRequest request = {.text = words, .limits = {}};
    const auto encoding = std::move(encoder_->EncodeTexts(std::span(&request, 1))[0]);
    return AddUnit(hosted, UnitType::kText, encoding->embedding, encoding->token_states,
                   {{std::string(metadata_key::kText), {words}}});
  }

  testing::TempDir dir_;
  std::unique_ptr<ImageFetcher> fetcher_;
  std::unique_ptr<TaskPool> pool_;
};

// The same, filled.
class FilledCompatTest : public CompatRoutesTest {
 protected:
  void SetUp() override {
    CompatRoutesTest::SetUp();
    Fill();
  }
};

}  // namespace sightline::http
