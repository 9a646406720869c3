// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "http/base64.h"
#include "http/compat_internal.h"
#include "http/compat_routes.h"
#include "http/json_internal.h"
#include "http/picture_input.h"
#include "query/content.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

constexpr size_t kMaxInputs = 2048;  // As OpenAI has it.

// What the request asks for, apart from what is embedded.
struct EmbeddingsOptions {
  bool as_base64 = false;
};

tl::unexpected<Problem> NoTokens(std::string field) {
  return Refuse(std::move(field),
                "token ids are not taken, because this model has a tokenizer of its own: send texts (in LangChain: "
                "check_embedding_ctx_length=False)");
}

ProblemOr<EmbeddingsOptions> ReadOptions(ObjectReader& reader, size_t dim) {
  EmbeddingsOptions options;
  std::string format = "float";
  uint64_t dimensions = dim;
  reader.Text("encoding_format", &format);
  reader.Text("embedding_type", &format);  // Jina's word for it.
  reader.Integer("dimensions", 1, UINT32_MAX, &dimensions);
  if (format != "float" && format != "base64") reader.Reject("encoding_format", "must be \"float\" or \"base64\"");
  if (dimensions != dim) reader.Reject("dimensions", fmt::format("this model's embeddings have {} numbers", dim));
  for (const char* key : {"model", "user", "task", "normalized", "truncate", "input_type"}) reader.Ignore(key);
  SL_RETURN_IF_PROBLEM(reader.Finish());
  options.as_base64 = format == "base64";
  return options;
}

// A text, or an object with a text or a picture.
ProblemOr<query::Content> ReadInput(const json::value& value, const std::string& field, const ContentReading& reading) {
  if (const json::string* text = value.if_string()) return ReadText({text->data(), text->size()}, field);
  if (value.is_number()) return NoTokens(field);
  if (const json::array* list = value.if_array(); list != nullptr && !list->empty() && list->front().is_number()) {
    return NoTokens(field);
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return Refuse(field, fmt::format("{} is neither text nor an object", QuoteJson(value)));
  return ReadContentObject(*object, field, reading);
}

ProblemOr<std::vector<query::Content>> ReadInputs(const json::value& input, const ContentReading& reading) {
  std::vector<query::Content> contents;
  const json::array* list = input.if_array();
  if (list == nullptr) {
    SL_ASSIGN_OR_PROBLEM(query::Content content, ReadInput(input, "/input", reading));
    contents.push_back(std::move(content));
    return contents;
  }
  if (list->empty() || list->size() > kMaxInputs) {
    return Refuse("/input", fmt::format("{} inputs: send 1 to {}", list->size(), kMaxInputs));
  }
  for (size_t i = 0; i < list->size(); ++i) {
    SL_ASSIGN_OR_PROBLEM(query::Content content, ReadInput((*list)[i], JsonPointer("/input", i), reading));
    contents.push_back(std::move(content));
  }
  return contents;
}

json::value EmbeddingJson(const Embedding& embedding, bool as_base64) {
  if (as_base64) return json::string(EncodeBase64(std::as_bytes(std::span(embedding))));  // Little-endian float32.
  return json::array(embedding.begin(), embedding.end());
}

ProblemOr<Response> AnswerEmbeddings(const CompatApi& api, const Request& request) {
  encoder::Encoder* const encoder = api.host.encoder();
  if (encoder == nullptr) return NoModel();
  SL_ASSIGN_OR_PROBLEM(const json::object body, ParseJsonBody(request));
  ObjectReader reader(body, "");
  const json::value* input = reader.Value("input", ObjectReader::kRequired);
  const encoder::EncoderInfo& info = encoder->info();
  SL_ASSIGN_OR_PROBLEM(const EmbeddingsOptions options,
                       ReadOptions(reader, static_cast<size_t>(info.config.embed_dim)));
  const ContentReading reading(info.config.vision.image_res, api.fetcher, request.limits);
  SL_ASSIGN_OR_PROBLEM(const std::vector<query::Content> contents, ReadInputs(*input, reading));
  json::array data;
  size_t tokens = 0;
  const auto encoded = query::EncodeContents(contents, *encoder, request.limits);
  for (size_t i = 0; i < encoded.size(); ++i) {
    if (!encoded[i]) {
      return WithField(encoded[i].error(), input->is_array() ? JsonPointer("/input", i) : std::string("/input"));
    }
    tokens += encoded[i]->text_tokens;
    data.push_back(json::object{
        {"object", "embedding"}, {"index", i}, {"embedding", EmbeddingJson(encoded[i]->embedding, options.as_base64)}});
  }
  return JsonResponse(200, json::object{{"object", "list"},
                                        {"data", std::move(data)},
                                        {"model", info.config.name},
                                        {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}});
}

}  // namespace

void AddEmbeddingsRoute(Router& router, const CompatApi& api) {
  router.Add(
      {.method = Method::kPost,
       .pattern = "/v1/embeddings",
       .operation = "create_embeddings",
       .access = Access::kRead,
       .handler = AnswerOnPool(api.pool, [api](const Request& request) { return AnswerEmbeddings(api, request); }),
       .max_body_bytes = api.max_body_bytes});
}

}  // namespace sightline::http
