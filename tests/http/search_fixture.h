// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "http/host.h"
#include "http/image_fetcher.h"
#include "http/router.h"
#include "http/search_route.h"
#include "http/task_pool.h"
#include "media/image.h"
#include "tests/support/fake_encoder.h"
#include "tests/support/test_support.h"

namespace sightline::http {

/// The search route over the collection `photos` of a fake model, called without a socket.
class SearchRouteFixture : public ::testing::Test {
 protected:
  SearchRouteFixture() : pool_(2, 64) {
    auto encoder = std::make_unique<testing::FakeEncoder>();
    encoder_ = encoder.get();
    auto host = Host::Open({.data_dir = data_.path(), .encoder = std::move(encoder)});
    EXPECT_THAT(host, testing::IsOk());
    host_ = *std::move(host);
    auto fetcher = ImageFetcher::Make({});
    EXPECT_THAT(fetcher, testing::IsOk());
    fetcher_ = *std::move(fetcher);
    AddSearchRoute(router_, {.host = *host_, .pool = pool_, .fetcher = *fetcher_});
    EXPECT_THAT(host_->Create("photos", {.model_name = "fake", .model_fingerprint = "fake", .dim = 8}),
                testing::IsOk());
  }

  static ImageRgb8 Picture(uint8_t red, uint8_t green, uint8_t blue) {
    ImageRgb8 picture = {.width = 4, .height = 4, .pixels = {}};
    for (int i = 0; i < 16; ++i) picture.pixels.insert(picture.pixels.end(), {red, green, blue});
    return picture;
  }

  static std::string Png(const ImageRgb8& picture) {
    const auto png = media::EncodePng(picture);
    EXPECT_THAT(png, testing::IsOk());
    return {reinterpret_cast<const char*>(png->data()), png->size()};
  }

  /// Adds a picture as an item of its own.
  ItemId Add(const ImageRgb8& picture, const std::string& path) {
    const auto hosted = *host_->Find("photos");
    const encoder::ImageRequest request = {.model_pixels = &picture, .limits = {}};
    auto encoding = std::move(hosted->encoder->EncodeImages(std::span(&request, 1), TokenFormat::kInt8)[0]);
    const auto ids = hosted->collection->AllocateIds(1, 1);
    storage::WriteSet changes;
    storage::ItemRecord item;
    item.id = ids->first_item;
    item.paths = {{.path = path, .size_bytes = 1, .mtime_ns = 1}};
    item.units = {ids->first_unit};
    item.metadata = {{"album", {std::string(path.ends_with("0.png") ? "Rome" : "Naples")}}};
    storage::NewUnit unit;
    unit.record.id = ids->first_unit;
    unit.record.item = item.id;
    unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = encoding->embedding}};
    unit.tokens = encoding->patches;
    changes.put_items.push_back(std::move(item));
    changes.put_units.push_back(std::move(unit));
    EXPECT_THAT(hosted->collection->Commit(changes), testing::IsOk());
    return ids->first_item;
  }

  /// `count` pictures, the first the reddest.
  void AddReds(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      Add(Picture(static_cast<uint8_t>(250 - 7 * i), 0, static_cast<uint8_t>(7 * i)),
          "/p/red" + std::to_string(i) + ".png");
    }
  }

  Response Post(const std::string& body, Headers headers = {{"Content-Type", "application/json"}}, Limits limits = {},
                const std::string& collection = "photos") {
    const std::string path = "/v1/collections/" + collection + "/search";
    const Match match = router_.Find(Method::kPost, path);
    auto request = std::make_shared<Request>();
    request->id = "test";
    request->method = Method::kPost;
    request->path = path;
    request->parameters = match.parameters;
    request->headers = std::move(headers);
    request->body = body;
    request->limits = std::move(limits);
    std::promise<Response> promise;
    match.route->handler(std::move(request), [&](Response response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  }

  static boost::json::value Json(const Response& response) {
    return boost::json::parse(std::get<std::string>(response.body));
  }

  /// The answer of a search that must succeed.
  boost::json::value Search(const std::string& body) {
    const Response response = Post(body);
    EXPECT_EQ(response.status, 200) << std::get<std::string>(response.body);
    return Json(response);
  }

  static std::vector<std::string> Paths(const boost::json::value& answer) {
    std::vector<std::string> paths;
    for (const auto& hit : answer.at("hits").as_array()) paths.emplace_back(hit.at("path").as_string());
    return paths;
  }

  testing::TempDir data_;
  testing::FakeEncoder* encoder_ = nullptr;
  std::unique_ptr<Host> host_;
  std::unique_ptr<ImageFetcher> fetcher_;
  Router router_;
  TaskPool pool_;  ///< Last: its tasks use the others.
};

}  // namespace sightline::http
