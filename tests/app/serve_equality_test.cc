// SPDX-License-Identifier: BSD-3-Clause
//
// The same searches from the command line alone, through a running server, and over HTTP give the same answers.
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "http/base64.h"
#include "tests/app/serve_fixture.h"

namespace sightline::app {
namespace {

namespace json = boost::json;

/// One search in both languages.
struct Search {
  std::vector<std::string> arguments;
  json::object body;
};

constexpr const char* kTexts[] = {"a cat",
                                  "a rocket launch",
                                  "somebody riding a bicycle",
                                  "tall buildings at night",
                                  "three meerkats on red ground",
                                  "two white fluffy dogs",
                                  "A boat, at sea!",
                                  "people in a submarine"};

class ServeEqualityIntegrationTest : public ServeIntegrationTest {
 protected:
  // Pictures, videos and captions.
  static void SetUpTestSuite() {
    AppIntegration::SetUpTestSuite();
    std::filesystem::create_directories(videos());
    for (const char* name : {"clip-03.mp4", "clip-04.mp4", "clip-05.mp4"}) {
      std::filesystem::copy_file(testing::SourceTree("samples/videos") / name, videos() / name);
    }
    const std::filesystem::path captions = *shared_ / "captions.jsonl";
    testing::WriteTestFile(captions,
                           "{\"id\": \"1\", \"text\": \"Three meerkats stand on red ground.\"}\n"
                           "{\"id\": \"2\", \"text\": \"A tabby cat lies on the pavement.\"}\n");
    const RunResult index = Run({"index", "all", photos(), videos(), "--captions", captions});
    ASSERT_EQ(index.exit_code, 0) << index.err;
  }

  static std::filesystem::path videos() { return *shared_ / "videos"; }
  static std::string photo(int number) { return (photos() / fmt::format("photo-00{}.jpg", number)).string(); }

  static json::object ByWords(const char* text) { return {{"query", {{"text", text}}}}; }
  static json::object ByPicture(int number) {
    const std::string bytes = testing::ReadTestFile(photo(number));
    return {{"query", {{"image_base64", http::EncodeBase64(std::as_bytes(std::span(bytes)))}}}};
  }

  static void AddWords(std::vector<Search>& out) {
    for (const char* text : kTexts) {
      out.push_back({{text}, ByWords(text)});
      out.push_back({{text, "--rerank", "0"}, ByWords(text)});
      out.back().body["rerank"] = {{"depth", 0}};
      out.push_back({{text, "--top", "3", "--type", "clip"}, ByWords(text)});
      out.back().body["top_k"] = 3;
      out.back().body["types"] = {"clip"};
      out.push_back({{text, "--type", "text,image"}, ByWords(text)});
      out.back().body["types"] = {"text", "image"};
    }
  }

  static void AddFilters(std::vector<Search>& out) {
    const char* text = kTexts[0];
    const std::string filter = fmt::format(R"({{"must_not": [{{"path": "{}"}}]}})", photo(2));
    out.push_back({{text, "--filter", filter, "--explain"}, ByWords(text)});
    out.back().body["filter"] = json::parse(filter);
    out.back().body["explain"] = true;
    out.push_back({{text, "--min-match", "0.2"}, ByWords(text)});
    out.back().body["rerank"] = {{"min_match", 0.2}};
    out.push_back({{text, "--rerank", "2"}, ByWords(text)});
    out.back().body["rerank"] = {{"depth", 2}};
    out.push_back({{kTexts[2], "--group-by", "video", "--group-size", "2"}, ByWords(kTexts[2])});
    out.back().body["group_by"] = "video";
    out.back().body["group_size"] = 2;
    out.push_back({{kTexts[3], "--no-merge"}, ByWords(kTexts[3])});
    out.back().body["join_clips"] = false;
  }

  static void AddPictures(std::vector<Search>& out) {
    for (const int number : {1, 3, 5}) {
      out.push_back({{"--image", photo(number)}, ByPicture(number)});
      out.push_back({{"at night", "--image", photo(number)}, ByPicture(number)});
      out.back().body["query"].as_object()["text"] = "at night";
      out.push_back({{"--image", photo(number), "--type", "text"}, ByPicture(number)});
      out.back().body["types"] = {"text"};
    }
  }

  static void AddItemsAndVectors(std::vector<Search>& out) {
    for (const int item : {1, 9}) {
      const json::object body = {{"query", {{"item_id", item}}}};
      out.push_back({{"--item", std::to_string(item)}, body});
      out.push_back({{"--item", std::to_string(item), "--type", "image"}, body});
      out.back().body["types"] = {"image"};
    }
    json::array vector;
    for (int i = 0; i < 256; ++i) vector.emplace_back(std::sin(i) / 4);
    const std::string text = json::serialize(vector);
    out.push_back({{"--vector", text}, {{"query", {{"vector", vector}}}}});
    out.push_back({{"a dog", "--vector", text}, {{"query", {{"vector", vector}, {"text", "a dog"}}}}});
  }

  static std::vector<Search> Searches() {
    std::vector<Search> out;
    AddWords(out);
    AddFilters(out);
    AddPictures(out);
    AddItemsAndVectors(out);
    return out;
  }

  static json::object FromCommandLine(const Search& search) {
    std::vector<std::string> arguments = {"search", "all", "--json"};
    arguments.insert(arguments.end(), search.arguments.begin(), search.arguments.end());
    const RunResult result = Run(arguments);
    EXPECT_LE(result.exit_code, 1) << result.err;
    return result.out.empty() ? json::object() : json::parse(result.out).as_object();
  }

  /// What has to be equal: all but times, what memory held, and what only one of them can know.
  static json::object Comparable(json::object answer) {
    for (const char* key : {"timings_ms", "patches_cached", "cursor"}) answer.stable_erase(key);
    for (const char* key : {"image", "vector"}) answer["query"].as_object().stable_erase(key);
    json::value* explain = answer.if_contains("explain");
    if (explain != nullptr) explain->at("filter").as_object().stable_erase("conditions_cached");
    if (explain != nullptr) explain->at("filter").as_object().stable_erase("terms_read");
    for (json::value& hit : answer["hits"].as_array()) {
      for (const char* key : {"thumbnail_url", "media_url", "frame_url"}) hit.as_object().stable_erase(key);
      json::value* moments = hit.as_object().if_contains("moments");
      for (size_t i = 0; moments != nullptr && i < moments->as_array().size(); ++i) {
        for (const char* key : {"thumbnail_url", "media_url", "frame_url"})
          moments->at(i).as_object().stable_erase(key);
      }
    }
    return answer;
  }
};

TEST_F(ServeEqualityIntegrationTest, FiftySearchesAnswerTheSameDirectlyThroughTheServerAndOverHttp) {
  const std::vector<Search> searches = Searches();
  ASSERT_GE(searches.size(), 50U);
  std::vector<std::string> expected;
  for (const Search& search : searches) expected.push_back(json::serialize(Comparable(FromCommandLine(search))));

  Start();
  testing::HttpClient client(port_);
  size_t hits = 0;
  for (size_t i = 0; i < searches.size(); ++i) {
    const std::string body = json::serialize(searches[i].body);
    const testing::ClientResponse response =
        client.PostJson("/v1/collections/all/search", body, {{"X-Request-Timeout", "60"}});
    ASSERT_EQ(response.status, 200) << body.substr(0, 200) << "\n" << response.body;
    json::object answer = json::parse(response.body).as_object();
    hits += answer.at("hits").as_array().size();
    EXPECT_EQ(json::serialize(Comparable(std::move(answer))), expected[i]) << body.substr(0, 200);
    EXPECT_EQ(json::serialize(Comparable(FromCommandLine(searches[i]))), expected[i]) << body.substr(0, 200);
  }
  EXPECT_GT(hits, 200U);
  Stop();
}

}  // namespace
}  // namespace sightline::app
