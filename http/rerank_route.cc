// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "http/compat_internal.h"
#include "http/compat_routes.h"
#include "http/json_internal.h"
#include "query/pair_scores.h"

// Note [Relevance]
//
// A client gets one number per document, from 0 to 1, best first. Words against a picture (and a picture against words)
// are what the model judges: there it is the match probability. Words against words and pictures against pictures are
// compared by their embeddings alone, as in a search; there it is the cosine, 0 where that is negative. `scored_by`
// says which it was ("match", "embedding"): in a list that mixes both, the numbers mean different things.

namespace sightline::http {
namespace {

namespace json = boost::json;

constexpr size_t kMaxDocuments = 1000;  // As Cohere has it.

struct Document {
  query::PairDocument content;
  std::optional<json::object> shown;  // What `return_documents` returns of it; nothing for pictures that came along.
};

struct RerankRequest {
  query::Content query;
  std::vector<Document> documents;
  size_t top_n = kMaxDocuments;
  bool return_documents = false;
};

// Where documents come from while a request is read.
struct DocumentReading {
  const CompatApi& api;
  const Principal& principal;
  ContentReading contents;
  std::string collection;                // Of items that name none; empty: they must.
  std::vector<std::string> rank_fields;  // Cohere: the fields of an object that make its text.
  std::map<std::string, std::shared_ptr<HostedCollection>, std::less<>> open{};
};

std::string_view ViewOf(const json::string& text) { return {text.data(), text.size()}; }

ProblemOr<Document> ReadItem(const json::value& id, std::string_view collection, const std::string& field,
                             DocumentReading& reading) {
  const int64_t* number = id.if_int64();
  if (number == nullptr || *number <= 0) return Refuse(field, fmt::format("{} is no item id", QuoteJson(id)));
  if (collection.empty()) return Refuse(field, "an item needs a \"collection\", beside it or in the request");
  auto found = reading.open.find(collection);
  if (found == reading.open.end()) {
    SL_ASSIGN_OR_PROBLEM(auto hosted, FindReadable(reading.api.host, reading.principal, collection, field));
    found = reading.open.emplace(std::string(collection), std::move(hosted)).first;
  }
  // The lease lives as long as the collection is used.
  const std::shared_ptr<HostedCollection>& hosted = found->second;
  std::shared_ptr<storage::Collection> kept(hosted, hosted->collection.get());
  return Document{query::StoredContent{std::move(kept), ItemId{static_cast<uint64_t>(*number)}},
                  json::object{{"item_id", *number}, {"collection", collection}}};
}

ProblemOr<Document> ReadWords(std::string_view text, const std::string& field, DocumentReading& reading) {
  // A client that can only send texts sends pictures so.
  if (text.starts_with("data:image/")) {
    SL_ASSIGN_OR_PROBLEM(const query::Content picture, reading.contents.Picture(json::string(text), field));
    return Document{std::get<ImageRgb8>(picture), std::nullopt};
  }
  SL_ASSIGN_OR_PROBLEM(const query::Content content, ReadText(text, field));
  return Document{std::get<std::string>(content), json::object{{"text", text}}};
}

ProblemOr<Document> ReadRankFields(const json::object& object, const std::string& field, DocumentReading& reading) {
  std::string text;
  for (const std::string& key : reading.rank_fields) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) continue;
    text += text.empty() ? "" : "\n";
    text += ViewOf(value->get_string());
  }
  return ReadWords(text, field, reading);
}

ProblemOr<Document> ReadDocumentObject(const json::object& object, const std::string& field, DocumentReading& reading) {
  if (!reading.rank_fields.empty()) return ReadRankFields(object, field, reading);
  if (const json::value* id = object.if_contains("item_id")) {
    const json::value* own = object.if_contains("collection");
    if (own != nullptr && !own->is_string()) return Refuse(JsonPointer(field, "collection"), "not a collection's name");
    return ReadItem(*id, own != nullptr ? ViewOf(own->get_string()) : std::string_view(reading.collection),
                    JsonPointer(field, "item_id"), reading);
  }
  SL_ASSIGN_OR_PROBLEM(query::Content content, ReadContentObject(object, field, reading.contents));
  if (auto* words = std::get_if<std::string>(&content)) return Document{*words, json::object{{"text", *words}}};
  return Document{std::get<ImageRgb8>(std::move(content)), std::nullopt};
}

ProblemOr<Document> ReadDocument(const json::value& value, const std::string& field, DocumentReading& reading) {
  if (const json::string* text = value.if_string()) return ReadWords(ViewOf(*text), field, reading);
  if (const json::object* object = value.if_object()) return ReadDocumentObject(*object, field, reading);
  if (value.is_number()) return ReadItem(value, reading.collection, field, reading);
  return Refuse(field, fmt::format("{} is no text, item or object", QuoteJson(value)));
}

ProblemOr<query::Content> ReadQuery(const json::value& value, const ContentReading& reading) {
  if (const json::string* text = value.if_string()) return ReadText(ViewOf(*text), "/query");
  if (const json::object* object = value.if_object()) return ReadContentObject(*object, "/query", reading);
  return Refuse("/query", fmt::format("{} is neither text nor an object", QuoteJson(value)));
}

ProblemOr<RerankRequest> ReadRerank(const json::object& body, const Principal& principal, const Limits& limits,
                                    const CompatApi& api) {
  RerankRequest wanted;
  DocumentReading reading = {.api = api,
                             .principal = principal,
                             .contents = {api.host.encoder()->info().config.vision.image_res, api.fetcher, limits},
                             .collection = {},
                             .rank_fields = {}};
  ObjectReader reader(body, "");
  const json::value* query = reader.Value("query", ObjectReader::kRequired);
  const json::array* documents = reader.Array("documents", ObjectReader::kRequired);
  uint64_t top_n = kMaxDocuments;
  reader.Integer("top_n", 1, UINT32_MAX, &top_n);
  reader.Bool("return_documents", &wanted.return_documents);
  reader.Text("collection", &reading.collection);
  reader.Texts("rank_fields", 16, &reading.rank_fields);
  for (const char* key : {"model", "max_chunks_per_doc", "max_tokens_per_doc", "priority", "truncation"}) {
    reader.Ignore(key);
  }
  SL_RETURN_IF_PROBLEM(reader.Finish());
  if (documents->empty() || documents->size() > kMaxDocuments) {
    return Refuse("/documents", fmt::format("{} documents: send 1 to {}", documents->size(), kMaxDocuments));
  }
  wanted.top_n = static_cast<size_t>(top_n);
  SL_ASSIGN_OR_PROBLEM(wanted.query, ReadQuery(*query, reading.contents));
  for (size_t i = 0; i < documents->size(); ++i) {
    SL_ASSIGN_OR_PROBLEM(Document document, ReadDocument((*documents)[i], JsonPointer("/documents", i), reading));
    wanted.documents.push_back(std::move(document));
  }
  return wanted;
}

double RelevanceOf(const query::PairScore& score) {
  return score.match_probability ? *score.match_probability : std::clamp(double{score.coarse_score}, 0.0, 1.0);
}

// Best first. Probabilities that are equal once they are rounded keep the order of their rank scores.
std::vector<size_t> BestFirst(const std::vector<query::PairScore>& scores) {
  std::vector<size_t> order(scores.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto key = [&](size_t i) {
    const query::PairScore& score = scores[i];
    return std::tuple(-RelevanceOf(score), -score.rank_score.value_or(score.coarse_score), i);
  };
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
  return order;
}

json::object ResultJson(size_t index, const query::PairScore& score) {
  json::object result = {{"index", index},
                         {"relevance_score", RelevanceOf(score)},
                         {"scored_by", score.match_probability ? "match" : "embedding"},
                         {"coarse_score", score.coarse_score}};
  result["match_logit"] = score.match_logit ? json::value(*score.match_logit) : json::value(nullptr);
  return result;
}

json::object AnswerJson(const Request& request, const RerankRequest& wanted,
                        const std::vector<query::PairScore>& scores, const encoder::EncoderInfo& info, size_t tokens) {
  json::array results;
  for (const size_t i : BestFirst(scores)) {
    if (results.size() == wanted.top_n) break;
    json::object result = ResultJson(i, scores[i]);
    if (wanted.return_documents && wanted.documents[i].shown) result["document"] = *wanted.documents[i].shown;
    results.push_back(std::move(result));
  }
  const char* version = request.path.starts_with("/v2/") ? "2" : "1";
  return {{"id", request.id},
          {"model", info.config.name},
          {"results", std::move(results)},
          {"usage", {{"total_tokens", tokens}}},
          {"meta", {{"api_version", {{"version", version}}}, {"billed_units", {{"search_units", 0}}}}}};
}

ProblemOr<Response> AnswerRerank(const CompatApi& api, const Request& request) {
  encoder::Encoder* const encoder = api.host.encoder();
  if (encoder == nullptr) return NoModel();
  SL_ASSIGN_OR_PROBLEM(const json::object body, ParseJsonBody(request));
  SL_ASSIGN_OR_PROBLEM(RerankRequest wanted, ReadRerank(body, request.principal, request.limits, api));
  std::vector<query::PairDocument> documents;
  for (Document& document : wanted.documents) documents.push_back(std::move(document.content));
  query::PairUsage usage;
  const auto compared = query::ScorePairs(wanted.query, documents, *encoder, request.limits, &usage);
  if (!compared) return WithField(compared.error(), "/query");
  std::vector<query::PairScore> scores;
  for (const Result<query::PairScore>& score : *compared) {
    if (!score) return WithField(score.error(), JsonPointer("/documents", scores.size()));
    scores.push_back(*score);
  }
  return JsonResponse(200, AnswerJson(request, wanted, scores, encoder->info(), usage.text_tokens));
}

}  // namespace

void AddRerankRoutes(Router& router, const CompatApi& api) {
  const auto answer = [api](const Request& request) { return AnswerRerank(api, request); };
  const std::pair<const char*, const char*> routes[] = {{"/v1/rerank", "rerank"}, {"/v2/rerank", "rerank_v2"}};
  for (const auto& [pattern, operation] : routes) {
    router.Add({.method = Method::kPost,
                .pattern = pattern,
                .operation = operation,
                .access = Access::kRead,
                .handler = AnswerOnPool(api.pool, answer),
                .max_body_bytes = api.max_body_bytes});
  }
}

}  // namespace sightline::http
