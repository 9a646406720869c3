// SPDX-License-Identifier: BSD-3-Clause
#include "http/compat_routes.h"

#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "http/api.h"
#include "http/base64.h"
#include "http/host.h"
#include "tests/http/openapi_checker.h"
#include "tests/http/scripted_server.h"
#include "tests/indexer/test_pictures.h"
#include "tests/support/fake_encoder.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

using ::testing::HasSubstr;
using testing::IsOk;
using testing::Rgb;

constexpr Rgb kRed = {255, 0, 0};
constexpr Rgb kBlue = {0, 0, 255};
constexpr Rgb kGreen = {0, 255, 0};

std::string Base64Of(Rgb colour) {
  const std::string bytes = testing::BmpBytes(6, 5, colour);
  return EncodeBase64(std::as_bytes(std::span(bytes)));
}

struct Answer {
  int status = 0;
  json::value body;
};

const testing::OpenApiChecker& Document() {
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

TEST_F(CompatRoutesTest, EveryRouteIsDocumented) {
  const auto documented = Document().Operations();
  for (const Route& route : router_->routes()) {
    const testing::OpenApiChecker::Operation operation = {route.method == Method::kGet ? "get" : "post", route.pattern,
                                                          route.operation};
    EXPECT_THAT(documented, ::testing::Contains(operation)) << route.operation;
    const auto statuses = Document().StatusesOf(route.operation);
    for (const int status : {400, 401, 403, 408, 413, 431, 500, 503}) {
      EXPECT_TRUE(statuses.contains(status)) << route.operation << " " << status;
    }
  }
  EXPECT_THAT(Document().CheckDocument(), ::testing::IsEmpty());
}

std::vector<float> Floats(const json::value& list) {
  std::vector<float> floats;
  for (const json::value& value : list.as_array()) floats.push_back(value.to_number<float>());
  return floats;
}

// ---- /v1/embeddings ----

class EmbeddingsRouteTest : public CompatRoutesTest {
 protected:
  Answer Embed(const std::string& body) { return Post("/v1/embeddings", body); }
};

// As openai 3.57.0 for Python sends it.
TEST_F(EmbeddingsRouteTest, OpenAiClientsGetBase64OfLittleEndianFloats) {
  const Answer answer = Embed(R"({"model":"sightline","input":"a red car","encoding_format":"base64"})");
  ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
  EXPECT_EQ(answer.body.at("object"), "list");
  EXPECT_EQ(answer.body.at("data").as_array().size(), 1U);
  const json::value& one = answer.body.at("data").at(0);
  EXPECT_EQ(one.at("object"), "embedding");
  EXPECT_EQ(one.at("index"), 0);
  const auto bytes = DecodeBase64(std::string_view(one.at("embedding").as_string().c_str()));
  ASSERT_TRUE(bytes);
  std::vector<float> decoded(bytes->size() / sizeof(float));
  std::memcpy(decoded.data(), bytes->data(), bytes->size());
  const Answer plain = Embed(R"({"model":"sightline","input":"a red car","encoding_format":"float"})");
  EXPECT_EQ(decoded, Floats(plain.body.at("data").at(0).at("embedding")));
  EXPECT_EQ(decoded.size(), 8U);
  EXPECT_GT(answer.body.at("usage").at("total_tokens").to_number<int>(), 0);
  EXPECT_EQ(answer.body.at("usage").at("total_tokens"), answer.body.at("usage").at("prompt_tokens"));
}

TEST_F(EmbeddingsRouteTest, ListsKeepTheirOrder) {
  const Answer answer =
      Embed(R"({"model":"sightline","input":["red","blue"],"dimensions":8,"encoding_format":"float"})");
  ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
  const auto red = Floats(answer.body.at("data").at(0).at("embedding"));
  const auto blue = Floats(answer.body.at("data").at(1).at("embedding"));
  EXPECT_GT(red[0], 0.9F);
  EXPECT_GT(blue[2], 0.9F);
  EXPECT_EQ(answer.body.at("data").at(1).at("index"), 1);
}

// As Jina's API has it.
TEST_F(EmbeddingsRouteTest, PicturesAndTextsLieInOneSpace) {
  const json::array inputs = {
      {{"image", Base64Of(kRed)}}, {{"image", "data:image/bmp;base64," + Base64Of(kBlue)}}, {{"text", "red"}}};
  const Answer answer = Post(
      "/v1/embeddings",
      json::object{{"model", "jina-clip-v2"}, {"input", inputs}, {"normalized", true}, {"embedding_type", "float"}});
  ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
  const auto red_picture = Floats(answer.body.at("data").at(0).at("embedding"));
  const auto blue_picture = Floats(answer.body.at("data").at(1).at("embedding"));
  const auto red_words = Floats(answer.body.at("data").at(2).at("embedding"));
  EXPECT_GT(red_picture[0], blue_picture[0]);
  EXPECT_GT(red_words[0], 0.9F);
}

TEST_F(EmbeddingsRouteTest, TokenIdsAreRefusedWithTheWayOut) {
  ExpectRefused(Embed(R"({"model":"m","input":[1,2,3]})"), 400, "/input/0", "check_embedding_ctx_length");
  ExpectRefused(Embed(R"({"model":"m","input":[[1,2],[3]]})"), 400, "/input/0", "token ids");
}

TEST_F(EmbeddingsRouteTest, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"model":"m"})", "/input"},
      {R"({"model":"m","input":[]})", "/input"},
      {R"({"model":"m","input":""})", "/input"},
      {R"({"model":"m","input":["a",""]})", "/input/1"},
      {R"({"model":"m","input":["a",null]})", "/input/1"},
      {R"({"model":"m","input":[["a"]]})", "/input/0"},
      {R"({"model":"m","input":{"txt":"a"}})", "/input"},
      {R"({"model":"m","input":{"text":7}})", "/input/text"},
      {R"({"model":"m","input":{"image":7}})", "/input/image"},
      {R"({"model":"m","input":[{"image":"!!"}]})", "/input/0/image"},
      {R"({"model":"m","input":{"image":"data:image/png,abc"}})", "/input/image"},
      {R"({"model":"m","input":"a","dimensions":256})", "/dimensions"},
      {R"({"model":"m","input":"a","encoding_format":"int8"})", "/encoding_format"},
      {R"({"model":"m","input":"a","dimension":8})", "/dimension"},
  };
  for (const auto& [body, field] : cases) {
    const Answer answer = Embed(body);
    EXPECT_EQ(answer.status, 400) << body << json::serialize(answer.body);
    EXPECT_EQ(answer.body.at("field"), field) << body;
  }
  EXPECT_EQ(Embed("[]").status, 400);
  EXPECT_EQ(Embed("{").status, 400);
  ExpectRefused(Post("/v1/embeddings", json::object{{"input", {{{"image", "aGVsbG8="}}}}}), 422, "/input/0/image", "");
  encoder_->text_error = [](std::string_view) { return Error{ErrorCode::kInvalidArgument, "nothing left of it"}; };
  ExpectRefused(Embed(R"({"input":["?"]})"), 400, "/input/0", "nothing left");
}

TEST_F(EmbeddingsRouteTest, TooManyInputsAndPicturesAreRefused) {
  ExpectRefused(Post("/v1/embeddings", json::object{{"input", json::array(2049, "a")}}), 400, "/input", "2048");
  const json::object picture = {{"image", Base64Of(kRed)}};
  ExpectRefused(Post("/v1/embeddings", json::object{{"input", json::array(129, picture)}}), 400, "/input/128/image",
                "128 pictures");
}

TEST_F(EmbeddingsRouteTest, AddressesAreOffUnlessTurnedOn) {
  ExpectRefused(Embed(R"({"input":{"image":"http://127.0.0.1:1/a.jpg"}})"), 409, "/input/image", "does not fetch");
}

TEST_F(EmbeddingsRouteTest, AddressesThatAreAllowedAreFetched) {
  const ScriptedServer server([](const auto&) { return ScriptedServer::Ok(testing::BmpBytes(6, 5, kRed)); });
  Start(true, {.enabled = true, .allow = {fmt::format("127.0.0.1:{}", server.port())}, .networks = {"127.0.0.1"}});
  const json::value url = json::value(server.Url("/red.bmp"));
  const Answer fetched = Post("/v1/embeddings", json::object{{"input", json::array{json::object{{"image", url}}}}});
  ASSERT_EQ(fetched.status, 200) << json::serialize(fetched.body);
  const Answer sent =
      Post("/v1/embeddings", json::object{{"input", json::array{json::object{{"image", Base64Of(kRed)}}}}});
  EXPECT_EQ(fetched.body.at("data"), sent.body.at("data"));
  ExpectRefused(Embed(R"({"input":{"image":"http://other.example/a.jpg"}})"), 400, "/input/image", "list");
}

TEST_F(EmbeddingsRouteTest, WithoutAModelThereAreNone) {
  Start(false, {});
  ExpectRefused(Embed(R"({"input":"a"})"), 409, "", "without a model");
  ExpectRefused(Post("/v1/rerank", R"({"query":"a","documents":["b"]})"), 409, "", "without a model");
}

// ---- /v1/rerank ----

class RerankRouteTest : public CompatRoutesTest {
 protected:
  void SetUp() override {
    CompatRoutesTest::SetUp();
    Fill();
  }
  static std::vector<int> Order(const Answer& answer) {
    std::vector<int> order;
    if (answer.status != 200) {
      ADD_FAILURE() << json::serialize(answer.body);
      return order;
    }
    for (const json::value& result : answer.body.at("results").as_array()) {
      order.push_back(result.at("index").to_number<int>());
    }
    return order;
  }
};

// As cohere 7.3.1 for Python sends it, from ClientV2 and from Client.
TEST_F(RerankRouteTest, CohereClientsGetWhatTheyKnow) {
  const Answer two = Post("/v2/rerank", R"({"model":"sightline","query":"red","documents":["blue","red"],"top_n":1})");
  EXPECT_EQ(Order(two), std::vector<int>({1}));
  EXPECT_EQ(two.body.at("id"), "r-1");
  EXPECT_EQ(two.body.at("meta").at("api_version").at("version"), "2");
  EXPECT_NEAR(two.body.at("results").at(0).at("relevance_score").as_double(), 1.0, 1e-5);
  EXPECT_EQ(two.body.at("results").at(0).at("scored_by"), "embedding");
  const Answer one = Post(
      "/v1/rerank",
      R"({"model":"sightline","query":"red","documents":["blue",{"text":"red"}],"top_n":2,"return_documents":true})");
  EXPECT_EQ(Order(one), std::vector<int>({1, 0}));
  EXPECT_EQ(one.body.at("results").at(0).at("document").at("text"), "red");
  EXPECT_EQ(one.body.at("results").at(1).at("document").at("text"), "blue");
  EXPECT_EQ(one.body.at("meta").at("api_version").at("version"), "1");
}

TEST_F(RerankRouteTest, PicturesAreReadAgainstTheWords) {
  const json::array documents = {
      {{"image", Base64Of(kBlue)}}, {{"image", Base64Of(kRed)}}, "data:image/bmp;base64," + Base64Of(kRed)};
  const Answer answer =
      Post("/v1/rerank", json::object{{"query", "red"}, {"documents", documents}, {"return_documents", true}});
  EXPECT_EQ(Order(answer), std::vector<int>({1, 2, 0}));
  for (const json::value& result : answer.body.at("results").as_array()) {
    EXPECT_EQ(result.at("scored_by"), "match");
    EXPECT_TRUE(result.at("match_logit").is_double());
    EXPECT_EQ(result.as_object().if_contains("document"), nullptr);  // They know what they sent.
  }
  EXPECT_GT(answer.body.at("results").at(0).at("relevance_score").as_double(), 0.9);
  EXPECT_LT(answer.body.at("results").at(2).at("relevance_score").as_double(), 0.5);
}

// As Jina's API has it.
TEST_F(RerankRouteTest, APictureMayAskAndWordsAnswer) {
  const Answer answer = Post("/v1/rerank", json::object{{"model", "jina-reranker-m0"},
                                                        {"query", {{"image", Base64Of(kRed)}}},
                                                        {"documents", {"blue", {{"text", "red"}}}}});
  EXPECT_EQ(Order(answer), std::vector<int>({1, 0}));
  EXPECT_EQ(answer.body.at("results").at(0).at("scored_by"), "match");
  EXPECT_GT(answer.body.at("usage").at("total_tokens").to_number<int>(), 0);
}

TEST_F(RerankRouteTest, ItemsStandForThemselves) {
  const json::array documents = {blue_.value, {{"item_id", red_.value}, {"collection", "photos"}}};
  const Answer answer = Post(
      "/v1/rerank",
      json::object{{"query", "red"}, {"documents", documents}, {"collection", "photos"}, {"return_documents", true}});
  EXPECT_EQ(Order(answer), std::vector<int>({1, 0}));
  EXPECT_EQ(answer.body.at("results").at(0).at("document").at("item_id"), red_.value);
  EXPECT_EQ(answer.body.at("results").at(0).at("scored_by"), "match");
}

TEST_F(RerankRouteTest, FieldsOfObjectsMakeTheirText) {
  const Answer answer = Post("/v1/rerank", R"({"query":"red","rank_fields":["title"],
      "documents":[{"title":"blue","text":"red"},{"title":"red","text":"blue"}]})");
  EXPECT_EQ(Order(answer), std::vector<int>({1, 0}));
}

TEST_F(RerankRouteTest, ItemsOfACollectionThatTheKeyMayNotReadAreForbidden) {
  const Principal reader = {.name = "r", .admin = false, .collections = {"photos"}};
  const auto body = [](const char* collection) {
    return fmt::format(R"({{"query":"red","documents":[1],"collection":"{}"}})", collection);
  };
  EXPECT_EQ(Post("/v1/rerank", body("photos"), reader).status, 200);
  ExpectRefused(Post("/v1/rerank", body("secret"), reader), 403, "/documents/0", "secret");
  ExpectRefused(Post("/v1/rerank", body("missing"), reader), 403, "/documents/0", "missing");
  ExpectRefused(Post("/v1/rerank", body("missing")), 404, "/documents/0", "missing");
}

TEST_F(RerankRouteTest, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"documents":["a"]})", "/query"},
      {R"({"query":"a"})", "/documents"},
      {R"({"query":"a","documents":[]})", "/documents"},
      {R"({"query":7,"documents":["a"]})", "/query"},
      {R"({"query":"","documents":["a"]})", "/query"},
      {R"({"query":"a","documents":"a"})", "/documents"},
      {R"({"query":"a","documents":["a",true]})", "/documents/1"},
      {R"({"query":"a","documents":["a",""]})", "/documents/1"},
      {R"({"query":"a","documents":[{}]})", "/documents/0"},
      {R"({"query":"a","documents":[1]})", "/documents/0"},
      {R"({"query":"a","documents":[-1],"collection":"photos"})", "/documents/0"},
      {R"({"query":"a","documents":[{"item_id":"x"}],"collection":"photos"})", "/documents/0/item_id"},
      {R"({"query":"a","documents":[{"item_id":1,"collection":7}]})", "/documents/0/collection"},
      {R"({"query":"a","documents":["a"],"top_n":0})", "/top_n"},
      {R"({"query":"a","documents":["a"],"topn":1})", "/topn"},
  };
  for (const auto& [body, field] : cases) {
    const Answer answer = Post("/v1/rerank", std::string(body));
    EXPECT_EQ(answer.status, 400) << body << json::serialize(answer.body);
    EXPECT_EQ(answer.body.at("field"), field) << body;
  }
  ExpectRefused(Post("/v1/rerank", json::object{{"query", "a"}, {"documents", json::array(1001, "a")}}), 400,
                "/documents", "1000");
  ExpectRefused(Post("/v1/rerank", R"({"query":"a","documents":[999],"collection":"photos"})"), 404, "/documents/0",
                "999");
}

// ---- /knn-service ----

// As the client of clip-retrieval 2.45.0 sends it, with every field.
std::string KnnBody(const std::string& subject, const std::string& rest = R"("modality": "image", "num_images": 3)",
                    const std::string& indice = "\"photos\"") {
  return R"({"text": null, "image": null, "image_url": null, "embedding_input": null, )" + subject +
         R"(, "deduplicate": true, "use_safety_model": true, "use_violence_detector": true, "indice_name": )" + indice +
         R"(, "use_mclip": false, "aesthetic_score": 9, "aesthetic_weight": 0.5, )" + rest + "}";
}

class KnnRouteTest : public RerankRouteTest {
 protected:
  static std::vector<uint64_t> Ids(const Answer& answer) {
    std::vector<uint64_t> ids;
    if (answer.status != 200) {
      ADD_FAILURE() << json::serialize(answer.body);
      return ids;
    }
    for (const json::value& result : answer.body.as_array()) ids.push_back(result.at("id").to_number<uint64_t>());
    return ids;
  }
};

TEST_F(KnnRouteTest, WordsFindTheirNeighboursBestFirst) {
  const Answer answer = Knn(KnnBody(R"("text": "red")"));
  EXPECT_EQ(Ids(answer), (std::vector<uint64_t>{red_.value, blue_.value}));
  const json::value& best = answer.body.at(0);
  EXPECT_EQ(best.at("url"), "https://example.com/red.jpg");
  EXPECT_EQ(best.at("caption"), "a red wall");
  EXPECT_GT(best.at("similarity").to_number<double>(), answer.body.at(1).at("similarity").to_number<double>());
  EXPECT_THAT(std::string(answer.body.at(1).at("url").as_string()), HasSubstr("/v1/items/photos/"));
  EXPECT_TRUE(answer.body.at(1).at("caption").is_null());
}

TEST_F(KnnRouteTest, PicturesAndVectorsFindTheirNeighbours) {
  EXPECT_EQ(Ids(Knn(KnnBody(fmt::format(R"("image": "{}")", Base64Of(kBlue)))))[0], blue_.value);
  EXPECT_EQ(Ids(Knn(KnnBody(R"("embedding_input": [1, 0, 0, 0, 0, 0, 0, 0])")))[0], red_.value);
  ExpectRefused(Knn(KnnBody(R"("embedding_input": [1, 0])")), 400, "", "numbers");
  ExpectRefused(Knn(KnnBody(R"("image_url": "http://127.0.0.1:1/a.jpg")")), 409, "/image_url", "does not fetch");
}

TEST_F(KnnRouteTest, TheTextIndexHasTheCaptions) {
  const Answer answer = Knn(KnnBody(R"("text": "green")", R"("modality": "text", "num_images": 3)"));
  EXPECT_EQ(Ids(answer), std::vector<uint64_t>{caption_.value});
  EXPECT_EQ(answer.body.at(0).at("caption"), "green");
}

TEST_F(KnnRouteTest, ResultsBeyondNumImagesHaveIdsOnly) {
  const Answer answer =
      Knn(KnnBody(R"("text": "red")", R"("modality": "image", "num_images": 1, "num_result_ids": 2)"));
  ASSERT_EQ(Ids(answer).size(), 2U);
  EXPECT_NE(answer.body.at(0).as_object().if_contains("url"), nullptr);
  EXPECT_EQ(answer.body.at(1).as_object().size(), 2U);
}

TEST_F(KnnRouteTest, WithoutAnIndexTheFirstReadableOneIsSearched) {
  EXPECT_EQ(Ids(Knn(KnnBody(R"("text": "red")", R"("modality": "image", "num_images": 1)", "null"))),
            std::vector<uint64_t>{red_.value});
  const Principal other = {.name = "o", .admin = false, .collections = {"secret"}};
  EXPECT_TRUE(Ids(Knn(KnnBody(R"("text": "red")", R"("modality": "image", "num_images": 1)", "null"), other)).empty());
}

TEST_F(KnnRouteTest, OthersCollectionsAreForbidden) {
  const Principal other = {.name = "o", .admin = false, .collections = {"secret"}};
  ExpectRefused(Knn(KnnBody(R"("text": "red")"), other), 403, "/indice_name", "photos");
  ExpectRefused(Knn(KnnBody(R"("text": "red")", R"("num_images": 1)", "\"missing\"")), 404, "/indice_name", "missing");
}

TEST_F(KnnRouteTest, WhatIsWrongIsNamed) {
  ExpectRefused(Knn(KnnBody(R"("x": 1)")), 400, "/x", "no such field");
  ExpectRefused(Knn(R"({"indice_name": "photos"})"), 400, "", "is needed");
  ExpectRefused(Knn(KnnBody(R"("text": "red")", R"("modality": "sound")")), 400, "/modality", "image");
  ExpectRefused(Knn(KnnBody(R"("text": "red")", R"("num_images": 0)")), 400, "/num_images", "0");
  ExpectRefused(Knn(KnnBody(R"("image": "!")")), 400, "/image", "base64");
}

TEST_F(KnnRouteTest, TheListNamesWhatMayBeRead) {
  EXPECT_EQ(Call(Method::kGet, "/indices-list", "", {}, {}).body, (json::array{"photos", "secret"}));
  const Principal other = {.name = "o", .admin = false, .collections = {"secret", "missing"}};
  EXPECT_EQ(Call(Method::kGet, "/indices-list", "", other, {}).body, (json::array{"secret"}));
}

}  // namespace
}  // namespace sightline::http
