// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/guard.h"
#include "base/utf8.h"
#include "http/compat_internal.h"
#include "http/compat_routes.h"
#include "http/json_internal.h"
#include "http/media_urls.h"
#include "http/picture_input.h"

// Note [What clip-retrieval means]
//
// The client sends every field with every request, most of them null or defaults. What it asks is: the nearest
// neighbours of one thing in the image or the text index, with `similarity` the inner product, best first. So nothing
// is reranked. Its server drops near-duplicates and unsafe pictures with models of its own, and prefers pretty pictures
// by a third one; we have none of these, take the fields and leave the results as they are. The first `num_images`
// results have what is known of them, the others up to `num_result_ids` only id and similarity.

namespace sightline::http {
namespace {

namespace json = boost::json;

constexpr uint64_t kMaxResults = 1000;  // Of one search (query/searcher.h).

struct KnnRequest {
  std::string collection;  // Empty: the first that the asker may read.
  query::SearchRequest search;
  size_t described = 0;
};

// What is looked for, as the request has it; the first that is there counts.
struct KnnQuery {
  std::optional<std::string> text;
  std::optional<std::string> image;
  std::optional<std::string> image_url;
  std::vector<float> vector;
};

ProblemOr<void> ReadSubject(const KnnQuery& query, const CompatApi& api, query::SearchRequest& search) {
  if (query.text && !query.text->empty()) {
    search.query.text = *query.text;
    return {};
  }
  if (query.image) {
    SL_ASSIGN_OR_PROBLEM(const std::string bytes, DecodePictureText(*query.image, "/image"));
    SL_ASSIGN_OR_PROBLEM(search.query.picture, DecodePicture(bytes, search.limits, "/image"));
    return {};
  }
  if (query.image_url) {
    SL_ASSIGN_OR_PROBLEM(const std::string bytes,
                         FetchPicture(*query.image_url, api.fetcher, search.limits, "/image_url"));
    SL_ASSIGN_OR_PROBLEM(search.query.picture, DecodePicture(bytes, search.limits, "/image_url"));
    return {};
  }
  if (query.vector.empty()) return Refuse("", "one of text, image, image_url and embedding_input is needed");
  search.query.vector = query.vector;
  return {};
}

ProblemOr<KnnRequest> ReadKnn(const json::object& body, const Limits& limits, const CompatApi& api) {
  KnnRequest wanted;
  KnnQuery query;
  std::string modality = "image";
  uint64_t num_images = 40;  // As the client has it.
  ObjectReader reader(body, "");
  reader.Words("text", &query.text);
  reader.Text("image", &query.image);
  reader.Text("image_url", &query.image_url);
  reader.Floats("embedding_input", 65536, &query.vector);
  reader.Text("indice_name", &wanted.collection);
  reader.Text("modality", &modality);
  reader.Integer("num_images", 1, UINT32_MAX, &num_images);
  uint64_t num_result_ids = num_images;
  reader.Integer("num_result_ids", 1, UINT32_MAX, &num_result_ids);
  if (modality != "image" && modality != "text") reader.Reject("modality", "must be \"image\" or \"text\"");
  for (const char* key : {"deduplicate", "use_safety_model", "use_violence_detector", "use_mclip", "aesthetic_score",
                          "aesthetic_weight"}) {
    reader.Ignore(key);
  }
  SL_RETURN_IF_PROBLEM(reader.Finish());
  wanted.search.limits = limits;
  wanted.search.top_k = static_cast<size_t>(std::min(std::max(num_images, num_result_ids), kMaxResults));
  wanted.search.rerank_depth = 0;
  wanted.described = static_cast<size_t>(std::min(num_images, kMaxResults));
  wanted.search.filter.types =
      modality == "text" ? std::vector{UnitType::kText} : std::vector{UnitType::kImage, UnitType::kClip};
  SL_RETURN_IF_PROBLEM(ReadSubject(query, api, wanted.search));
  return wanted;
}

// Names of the collections that the asker may read.
Result<std::vector<std::string>> ReadableNames(const Host& host, const Principal& principal) {
  SL_ASSIGN_OR_RETURN(std::vector<std::string> names, host.Names());
  std::erase_if(names, [&](const std::string& name) { return !principal.MayRead(name); });
  return names;
}

ProblemOr<std::shared_ptr<HostedCollection>> FindIndex(const CompatApi& api, const Principal& principal,
                                                       const std::string& name) {
  if (!name.empty()) return FindReadable(api.host, principal, name, "/indice_name");
  SL_ASSIGN_OR_RETURN(const std::vector<std::string> names, ReadableNames(api.host, principal));
  if (names.empty()) return tl::make_unexpected(Problem(ErrorCode::kNotFound, "there is no collection"));
  return FindReadable(api.host, principal, names.front(), "/indice_name");
}

json::object ResultJson(const std::string& collection, const query::Hit& hit, bool described) {
  json::object result = {{"id", hit.item.value}, {"similarity", hit.coarse_score}};
  if (!described) return result;
  const std::string* url = FirstValue<std::string>(hit.metadata, "url");
  const std::string* caption = FirstValue<std::string>(hit.metadata, metadata_key::kText);
  if (caption == nullptr) caption = FirstValue<std::string>(hit.metadata, "caption");
  result["url"] = url != nullptr ? ValidUtf8(*url) : MediaUrl(collection, hit.item);
  result["caption"] = caption != nullptr ? json::value(ValidUtf8(*caption)) : json::value(nullptr);
  result["thumbnail_url"] = ThumbnailUrl(collection, hit.item, hit.unit);
  if (hit.range) {
    result["start_ms"] = hit.range->start_us / 1000;
    result["end_ms"] = hit.range->end_us / 1000;
  }
  return result;
}

Response AnswerOf(const Request& request, const KnnRequest& wanted, const std::string& collection,
                  const Result<query::SearchAnswer>& answer) {
  if (!answer) return ProblemResponse(request, answer.error());
  json::array results;
  for (const query::Hit& hit : answer->hits) {
    results.push_back(ResultJson(collection, hit, results.size() < wanted.described));
  }
  return JsonResponse(200, results);
}

ProblemOr<void> StartKnn(const CompatApi& api, const std::shared_ptr<const Request>& request, const Reply& reply) {
  SL_RETURN_IF_ERROR(request->limits.Check("waiting for a free worker"));
  SL_ASSIGN_OR_PROBLEM(const json::object body, ParseJsonBody(*request));
  SL_ASSIGN_OR_PROBLEM(KnnRequest wanted, ReadKnn(body, request->limits, api));
  SL_RETURN_IF_PROBLEM(KeepModelPixels(api.host.encoder(), wanted.search.query.picture));
  SL_ASSIGN_OR_PROBLEM(const auto hosted, FindIndex(api, request->principal, wanted.collection));
  query::SearchRequest search = std::move(wanted.search);
  hosted->gatherer->Submit(std::move(search), [wanted = std::move(wanted), hosted, request, reply](auto answer) {
    reply(AnswerOf(*request, wanted, hosted->name, answer));
  });
  return {};
}

Handler KnnHandler(const CompatApi& api) {
  return [api](std::shared_ptr<const Request> request, Reply reply) {
    const bool taken = api.pool.TrySubmit([api, request, reply] {
      ProblemOr<void> started;
      const Status guarded = Guard("search", [&]() -> Status {
        started = StartKnn(api, request, reply);
        return {};
      });
      if (!guarded) started = tl::make_unexpected(Problem(guarded.error()));
      if (!started) reply(ProblemResponse(*request, started.error()));
    });
    if (!taken) reply(ProblemResponse(*request, Error{ErrorCode::kResourceExhausted, "too many requests are waiting"}));
  };
}

ProblemOr<Response> AnswerIndices(const CompatApi& api, const Request& request) {
  SL_ASSIGN_OR_RETURN(const std::vector<std::string> names, ReadableNames(api.host, request.principal));
  return JsonResponse(200, json::array(names.begin(), names.end()));
}

}  // namespace

void AddKnnRoutes(Router& router, const CompatApi& api) {
  router.Add({.method = Method::kPost,
              .pattern = "/knn-service",
              .operation = "knn_service",
              .access = Access::kRead,
              .handler = KnnHandler(api),
              .max_body_bytes = api.max_body_bytes});
  router.Add(
      {.method = Method::kGet,
       .pattern = "/indices-list",
       .operation = "list_indices",
       .access = Access::kRead,
       .handler = AnswerOnPool(api.pool, [api](const Request& request) { return AnswerIndices(api, request); })});
}

}  // namespace sightline::http
