// SPDX-License-Identifier: BSD-3-Clause
#include "query/plan.h"

#include <algorithm>
#include <string>

namespace sightline::query {
namespace {

constexpr size_t kMaxTopK = 1000;
constexpr size_t kMaxRerankDepth = 1024;

Status CheckNumbers(const SearchRequest& request) {
  if (request.top_k < 1 || request.top_k > kMaxTopK) {
    return Fail(ErrorCode::kInvalidArgument, "top_k is " + std::to_string(request.top_k) + ", not in 1..1000");
  }
  if (request.rerank_depth > kMaxRerankDepth) {
    return Fail(ErrorCode::kInvalidArgument,
                "rerank depth is " + std::to_string(request.rerank_depth) + ", not in 0..1024");
  }
  // Written so that NaN is refused too.
  if (request.min_match && !(*request.min_match >= 0 && *request.min_match <= 1)) {
    return Fail(ErrorCode::kInvalidArgument, "min_match is " + std::to_string(*request.min_match) + ", not in 0..1");
  }
  return {};
}

Status CheckQuery(const SearchQuery& query) {
  const int likenesses = int{query.picture.has_value()} + int{query.item.has_value()} + int{query.vector.has_value()};
  if (likenesses == 0 && !query.text) {
    return Fail(ErrorCode::kInvalidArgument, "nothing to search for: give words, a picture, an item or a vector");
  }
  if (likenesses > 1) {
    return Fail(ErrorCode::kInvalidArgument, "too much to search for: give one of picture, item and vector");
  }
  if (query.picture && query.picture->empty()) {
    return Fail(ErrorCode::kInvalidArgument, "the picture to search for has no pixels");
  }
  return {};
}

Status CheckModel(const storage::CollectionConfig& config, const encoder::Encoder* encoder) {
  if (config.model_fingerprint.empty()) {
    return Fail(ErrorCode::kFailedPrecondition,
                "the collection holds raw vectors without a model: words and pictures cannot be searched in it");
  }
  if (encoder == nullptr) {
    return Fail(ErrorCode::kFailedPrecondition,
                "no model is loaded; the collection was made by model \"" + config.model_name + "\"");
  }
  const encoder::EncoderInfo& info = encoder->info();
  if (info.fingerprint != config.model_fingerprint) {
    return Fail(ErrorCode::kFailedPrecondition, "the collection was made by model \"" + config.model_name + "\" (" +
                                                    config.model_fingerprint.substr(0, 12) + "), not by model \"" +
                                                    info.config.name + "\" (" + info.fingerprint.substr(0, 12) +
                                                    "): their embeddings cannot be compared");
  }
  return {};
}

bool CanHavePatches(const Filter& filter) {
  return filter.types.empty() ||
         std::any_of(filter.types.begin(), filter.types.end(), [](UnitType type) { return type != UnitType::kText; });
}

Status CheckMinMatch(const SearchRequest& request) {
  if (!request.query.text) {
    return Fail(ErrorCode::kInvalidArgument,
                "min_match needs words: a picture, item or vector alone is compared by embedding, and that has no "
                "match probability");
  }
  if (request.rerank_depth == 0) {
    return Fail(ErrorCode::kInvalidArgument, "min_match needs reranking, which a rerank depth of 0 turns off");
  }
  if (!CanHavePatches(request.filter)) {
    return Fail(ErrorCode::kInvalidArgument,
                "min_match needs pictures or clips: words against text have no match "
                "probability");
  }
  return {};
}

}  // namespace

Result<Plan> MakePlan(const SearchRequest& request, const storage::CollectionConfig& config,
                      const encoder::Encoder* encoder) {
  SL_RETURN_IF_ERROR(CheckNumbers(request));
  SL_RETURN_IF_ERROR(CheckQuery(request.query));
  if (request.min_match) SL_RETURN_IF_ERROR(CheckMinMatch(request));
  Plan plan;
  plan.needs_text_encoder = request.query.text.has_value();
  plan.needs_image_encoder = request.query.picture.has_value();
  plan.rerank = plan.needs_text_encoder && request.rerank_depth > 0 && CanHavePatches(request.filter);
  if (plan.needs_text_encoder || plan.needs_image_encoder) SL_RETURN_IF_ERROR(CheckModel(config, encoder));
  // What is not reranked has no match probability, so min_match could only hide it.
  plan.coarse_k = request.min_match ? request.rerank_depth
                                    : std::max(request.top_k, plan.rerank ? request.rerank_depth : size_t{0});
  return plan;
}

}  // namespace sightline::query
