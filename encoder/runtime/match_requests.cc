// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/match_requests_internal.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <ATen/ops/empty.h>

#include "encoder/runtime/request_batches_internal.h"
#include "encoder/runtime/tensors_internal.h"
#include "encoder/runtime/torch_guard_internal.h"

namespace sightline::encoder {
namespace {

constexpr std::string_view kWhat = "match a text with patches";
/// Texts whose query-side work is done together.
constexpr size_t kTextsPerGroup = 64;

Status CheckMatrix(const TokenMatrix* matrix, uint32_t width, std::string_view what) {
  if (matrix == nullptr || matrix->width != width) {
    return Fail(ErrorCode::kInvalidArgument, std::string(what) + " of width " +
                                                 std::to_string(matrix == nullptr ? 0 : matrix->width) +
                                                 " where the model has " + std::to_string(width));
  }
  if (matrix->size_bytes() != TokenMatrixBytes(matrix->tokens, matrix->width, matrix->format)) {
    return Fail(ErrorCode::kCorruption, std::string(what) + " of " + std::to_string(matrix->tokens) + " x " +
                                            std::to_string(matrix->width) + " in " +
                                            std::to_string(matrix->size_bytes()) + " bytes");
  }
  return {};
}

/// One call of Encoder::Match: texts are grouped by length, and the pairs of a group run in chunks. Texts that several
/// requests compare with one patch matrix are groups of their own (Note [One patch matrix for many texts]).
class MatchRun {
 public:
  MatchRun(const FastModel& model, const ModelConfig& config, std::span<const MatchRequest> requests)
      : model_(model),
        config_(config),
        requests_(requests),
        results_(UnansweredResults<std::vector<float>>(requests.size())) {}

  std::vector<Result<std::vector<float>>> Run() && {
    std::map<GroupKey, std::vector<size_t>> by_key;
    const auto shared = SharedMatrices();
    for (size_t i = 0; i < requests_.size(); ++i) {
      if (Status status = Check(requests_[i]); !status) {
        FailRequest(i, std::move(status).error());
      } else {
        results_[i] = std::vector<float>(requests_[i].patches.size());
        const TokenMatrix* sole = SoleMatrix(requests_[i]);
        by_key[{requests_[i].token_states->tokens, shared.contains(sole) ? sole : nullptr}].push_back(i);
      }
    }
    for (const auto& [key, pending] : by_key) {
      for (size_t next = 0; next < pending.size();) {
        const auto group = TakeBatch(requests_, pending, next, kTextsPerGroup, kWhat, results_);
        if (!group.empty()) RunGroup(group, key.shared_patches);
      }
    }
    return std::move(results_);
  }

 private:
  /// What the texts of a group have in common.
  struct GroupKey {
    uint32_t length = 0;
    const TokenMatrix* shared_patches = nullptr;  ///< Null: each request has patches of its own.
    friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
  };

  /// The only patch matrix of a request, or null.
  static const TokenMatrix* SoleMatrix(const MatchRequest& request) {
    return request.patches.size() == 1 ? request.patches[0] : nullptr;
  }

  /// Those that are the only one of more than one request.
  std::set<const TokenMatrix*> SharedMatrices() const {
    std::set<const TokenMatrix*> seen;
    std::set<const TokenMatrix*> shared;
    for (const MatchRequest& request : requests_) {
      const TokenMatrix* sole = SoleMatrix(request);
      if (sole != nullptr && !seen.insert(sole).second) shared.insert(sole);
    }
    return shared;
  }

  /// A pair of the text `group[text]` and one of its candidates.
  struct Pair {
    size_t text = 0;
    size_t candidate = 0;
  };

  void FailRequest(size_t i, Error error) { results_[i] = tl::unexpected<Error>(std::move(error)); }

  Status Check(const MatchRequest& request) const {
    SL_RETURN_IF_ERROR(CheckMatrix(request.token_states, static_cast<uint32_t>(config_.text.width), "token states"));
    const uint32_t length = request.token_states->tokens;
    if (length == 0 || length > static_cast<uint32_t>(config_.text.max_positions)) {
      return Fail(ErrorCode::kInvalidArgument, "token states of " + std::to_string(length) + " tokens");
    }
    const auto tokens = static_cast<uint32_t>(config_.vision.tokens());
    for (const TokenMatrix* patches : request.patches) {
      SL_RETURN_IF_ERROR(CheckMatrix(patches, static_cast<uint32_t>(config_.vision.width), "patches"));
      if (patches->tokens != tokens) {
        return Fail(ErrorCode::kInvalidArgument, "patches of " + std::to_string(patches->tokens) +
                                                     " tokens where the model has " + std::to_string(tokens));
      }
    }
    return {};
  }

  /// Pairs whose intermediate values fit a budget: bounded memory, and on a CPU a share of the cache.
  size_t PairsPerChunk(size_t length, bool shares_patches) const {
    const bool gpu = model_.placement().device.is_cuda();
    const size_t budget_floats = gpu ? size_t{1} << 28 : size_t{1} << 22;
    const auto tokens = static_cast<size_t>(config_.vision.tokens());
    const auto width = static_cast<size_t>(config_.vision.width);
    const auto heads = static_cast<size_t>(config_.text.heads);
    const size_t own_floats = tokens * width + length * heads * (2 * width + tokens);
    const auto text_width = static_cast<size_t>(config_.text.width);
    const size_t floats = shares_patches ? length * (heads * tokens + 8 * text_width) : own_floats;
    return std::clamp<size_t>(budget_floats / floats, 1, 512);
  }

  at::Tensor Move(const at::Tensor& x) const {
    return x.to(model_.fusion_placement().device, model_.fusion_placement().dtype);
  }

  void RunGroup(const std::vector<size_t>& group, const TokenMatrix* shared_patches) {
    auto prepared = GuardTorch(kWhat, [&]() -> Result<PreparedTexts> {
      std::vector<const TokenMatrix*> matrices;
      for (size_t i : group) matrices.push_back(requests_[i].token_states);
      SL_ASSIGN_OR_RETURN(const at::Tensor states, StackTokenMatrices(matrices));
      return model_.fusion().Prepare(Move(states), shared_patches != nullptr);
    });
    if (!prepared) {
      for (size_t i : group) FailRequest(i, prepared.error());
      return;
    }
    std::vector<Pair> pairs;
    for (size_t text = 0; text < group.size(); ++text) {
      for (size_t k = 0; k < requests_[group[text]].patches.size(); ++k) pairs.push_back({text, k});
    }
    const size_t count = PairsPerChunk(requests_[group.front()].token_states->tokens, shared_patches != nullptr);
    for (size_t next = 0; next < pairs.size();) {
      const std::vector<Pair> chunk = TakeChunk(group, pairs, next, count);
      if (!chunk.empty()) RunChunk(group, *prepared, chunk);
    }
  }

  /// The next `count` pairs of requests that are still worth answering.
  std::vector<Pair> TakeChunk(const std::vector<size_t>& group, const std::vector<Pair>& pairs, size_t& next,
                              size_t count) {
    std::vector<Pair> chunk;
    for (; next < pairs.size() && chunk.size() < count; ++next) {
      const size_t i = group[pairs[next].text];
      if (!results_[i]) continue;
      const bool first_of_text = chunk.empty() || chunk.back().text != pairs[next].text;
      if (first_of_text) {
        if (Status limits = requests_[i].limits.Check(kWhat); !limits) {
          FailRequest(i, std::move(limits).error());
          continue;
        }
      }
      chunk.push_back(pairs[next]);
    }
    return chunk;
  }

  void RunChunk(const std::vector<size_t>& group, const PreparedTexts& prepared, const std::vector<Pair>& chunk) {
    const auto logits = GuardTorch(kWhat, [&] { return ScoreChunk(group, prepared, chunk); });
    for (size_t k = 0; k < chunk.size(); ++k) {
      Result<std::vector<float>>& result = results_[group[chunk[k].text]];
      if (!logits) {
        result = tl::unexpected<Error>(logits.error());
      } else {
        (*result)[chunk[k].candidate] = (*logits)[k];
      }
    }
  }

  Result<std::vector<float>> ScoreChunk(const std::vector<size_t>& group, const PreparedTexts& prepared,
                                        const std::vector<Pair>& chunk) const {
    std::vector<const TokenMatrix*> matrices;
    for (const Pair& pair : chunk) {
      matrices.push_back(requests_[group[pair.text]].patches[pair.candidate]);
      if (prepared.shares_patches) break;
    }
    SL_ASSIGN_OR_RETURN(const at::Tensor patches, StackTokenMatrices(matrices));
    at::Tensor text_of_pair;
    if (group.size() > 1) {
      text_of_pair = at::empty({static_cast<int64_t>(chunk.size())}, at::kLong);
      for (size_t k = 0; k < chunk.size(); ++k) {
        text_of_pair.data_ptr<int64_t>()[k] = static_cast<int64_t>(chunk[k].text);
      }
      text_of_pair = text_of_pair.to(model_.placement().device);
    }
    const at::Tensor fused = model_.fusion().Run(prepared, text_of_pair, Move(patches));
    return ToVector(model_.MatchLogits(fused).to(at::kCPU).contiguous());
  }

  const FastModel& model_;
  const ModelConfig& config_;
  const std::span<const MatchRequest> requests_;
  std::vector<Result<std::vector<float>>> results_;
};

}  // namespace

std::vector<Result<std::vector<float>>> RunMatchRequests(const FastModel& model, const ModelConfig& config,
                                                         std::span<const MatchRequest> requests) {
  return MatchRun(model, config, requests).Run();
}

}  // namespace sightline::encoder
