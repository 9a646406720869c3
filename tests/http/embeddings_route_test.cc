// SPDX-License-Identifier: BSD-3-Clause
// /v1/embeddings
#include <cstring>

#include "tests/http/compat_fixture.h"
#include "tests/http/scripted_server.h"

namespace sightline::http {
namespace {

std::vector<float> Floats(const json::value& list) {
  std::vector<float> floats;
  for (const json::value& value : list.as_array()) floats.push_back(value.to_number<float>());
  return floats;
}

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

}  // namespace
}  // namespace sightline::http
