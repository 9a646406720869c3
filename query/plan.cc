// SPDX-License-Identifier: BSD-3-Clause
#include "query/plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

namespace sightline::query {
namespace {

constexpr size_t kMaxTopK = 1000;
constexpr size_t kMaxRerankDepth = 1024;
constexpr size_t kMaxGroupSize = 100;
constexpr std::array kAllTypes = {UnitType::kImage, UnitType::kClip, UnitType::kText};

Status CheckNumbers(const SearchRequest& request) {
  if (request.top_k < 1 || request.top_k > kMaxTopK) {
    return Fail(ErrorCode::kInvalidArgument, "top_k is " + std::to_string(request.top_k) + ", not in 1..1000");
  }
  if (request.rerank_depth > kMaxRerankDepth) {
    return Fail(ErrorCode::kInvalidArgument,
                "rerank depth is " + std::to_string(request.rerank_depth) + ", not in 0..1024");
  }
  if (request.group_size < 1 || request.group_size > kMaxGroupSize) {
    return Fail(ErrorCode::kInvalidArgument, "group size is " + std::to_string(request.group_size) + ", not in 1..100");
  }
  if (request.stop_margin && std::isnan(*request.stop_margin)) {
    return Fail(ErrorCode::kInvalidArgument, "stop_margin is not a number");
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

bool IsSearched(const Filter& filter, UnitType type) {
  return filter.types.empty() || std::find(filter.types.begin(), filter.types.end(), type) != filter.types.end();
}

bool OnlyTexts(const Filter& filter) {
  return IsSearched(filter, UnitType::kText) && !IsSearched(filter, UnitType::kImage) &&
         !IsSearched(filter, UnitType::kClip);
}

bool AnyPairing(const SearchRequest& request, const Filter& filter) {
  return std::any_of(kAllTypes.begin(), kAllTypes.end(), [&](UnitType type) {
    return IsSearched(filter, type) && PairingOf(request, type) != Pairing::kNone;
  });
}

Status CheckMinMatch(const SearchRequest& request, const Filter& filter) {
  const SearchQuery& query = request.query;
  // A picture among pictures and captions has pairs as well, but then min_match would hide every picture.
  if (!query.text && !(query.picture && OnlyTexts(filter))) {
    return Fail(ErrorCode::kInvalidArgument,
                "min_match needs words, or a picture that is searched among captions alone: anything else is compared "
                "by embedding, and that has no match probability");
  }
  if (request.rerank_depth == 0) {
    return Fail(ErrorCode::kInvalidArgument, "min_match needs reranking, which a rerank depth of 0 turns off");
  }
  if (!AnyPairing(request, filter)) {
    return Fail(ErrorCode::kInvalidArgument,
                "min_match needs pictures or clips: words against text have no match probability");
  }
  return {};
}

Filter FilterOf(const SearchRequest& request) {
  Filter filter = request.filter;
  const bool by_content = request.query.text || request.query.picture;
  if (filter.types.empty() && by_content) filter.types = {UnitType::kImage, UnitType::kClip};
  return filter;
}

}  // namespace

Pairing PairingOf(const SearchRequest& request, UnitType type) {
  const SearchQuery& query = request.query;
  if (type == UnitType::kText) {
    const bool is_seen = query.picture || (query.item && OnlyTexts(request.filter));
    return is_seen ? Pairing::kPicture : Pairing::kNone;
  }
  return query.text ? Pairing::kWords : Pairing::kNone;
}

bool WantsRerank(const SearchRequest& request) {
  return request.rerank_depth > 0 && AnyPairing(request, FilterOf(request));
}

Result<Plan> MakePlan(const SearchRequest& request, const storage::CollectionConfig& config,
                      const encoder::Encoder* encoder) {
  SL_RETURN_IF_ERROR(CheckNumbers(request));
  SL_RETURN_IF_ERROR(CheckQuery(request.query));
  Plan plan;
  plan.filter = FilterOf(request);
  if (request.min_match) SL_RETURN_IF_ERROR(CheckMinMatch(request, plan.filter));
  plan.needs_text_encoder = request.query.text.has_value();
  plan.needs_image_encoder = request.query.picture.has_value();
  plan.rerank = WantsRerank(request);
  plan.reads_item = plan.rerank && request.query.item && OnlyTexts(plan.filter);
  if (plan.needs_text_encoder || plan.needs_image_encoder) SL_RETURN_IF_ERROR(CheckModel(config, encoder));
  // An item can be compared by embedding without the model.
  if (plan.reads_item && !CheckModel(config, encoder)) plan.reads_item = plan.rerank = false;
  // What is not reranked has no match probability, so min_match could only hide it.
  plan.coarse_k = request.min_match ? request.rerank_depth
                                    : std::max(request.top_k, plan.rerank ? request.rerank_depth : size_t{0});
  return plan;
}

}  // namespace sightline::query
