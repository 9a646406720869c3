// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/text_requests_internal.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include <ATen/ops/empty.h>

#include "encoder/runtime/request_batches_internal.h"
#include "encoder/runtime/tensors_internal.h"
#include "encoder/runtime/torch_guard_internal.h"
#include "encoder/text/caption_cleaner.h"

namespace sightline::encoder {
namespace {

constexpr std::string_view kWhat = "encode a text";
constexpr size_t kTokensPerBatch = 512;

struct PreparedText {
  std::vector<int64_t> ids;
  std::string cleaned;
  bool truncated = false;
};

Result<PreparedText> PrepareText(std::string_view text, const Tokenizer& tokenizer, const TokenizerConfig& config,
                                 int64_t max_length) {
  SL_ASSIGN_OR_RETURN(CleanedCaption cleaned, CleanCaption(text, config.max_words));
  const int64_t max_tokens = std::min<int64_t>(config.max_tokens, max_length);
  SL_ASSIGN_OR_RETURN(TokenIds tokens, tokenizer.Tokenize(cleaned.text, static_cast<int>(max_tokens)));
  if (tokens.ids.size() <= 2) return Fail(ErrorCode::kInvalidArgument, "the text holds no visible character");
  return PreparedText{std::move(tokens.ids), std::move(cleaned.text), cleaned.truncated || tokens.truncated};
}

/// @param batch  texts of one length.
Result<std::vector<TextEncoding>> EncodeBatch(const FastModel& model, std::span<PreparedText* const> batch) {
  const size_t length = batch.front()->ids.size();
  const at::Tensor ids = at::empty({static_cast<int64_t>(batch.size()), static_cast<int64_t>(length)}, at::kLong);
  for (size_t k = 0; k < batch.size(); ++k) {
    std::memcpy(ids.data_ptr<int64_t>() + k * length, batch[k]->ids.data(), length * sizeof(int64_t));
  }
  const at::Tensor tokens = model.Text(ids.to(model.placement().device));
  const at::Tensor embeddings = model.TextEmbedding(tokens).to(at::kCPU).contiguous();
  const at::Tensor states = tokens.to(at::kCPU, at::kFloat).contiguous();
  std::vector<TextEncoding> encodings;
  for (int64_t k = 0; k < states.size(0); ++k) {
    PreparedText& text = *batch[static_cast<size_t>(k)];
    encodings.push_back({ToVector(embeddings[k]), ToTokenMatrix(states[k], TokenFormat::kFp32), std::move(text.cleaned),
                         text.truncated});
  }
  return encodings;
}

}  // namespace

std::vector<Result<TextEncoding>> RunTextRequests(const FastModel& model, const Tokenizer& tokenizer,
                                                  const TokenizerConfig& config,
                                                  std::span<const TextRequest> requests) {
  auto results = UnansweredResults<TextEncoding>(requests.size());
  std::vector<PreparedText> texts(requests.size());
  std::map<size_t, std::vector<size_t>> by_length;
  for (size_t i = 0; i < requests.size(); ++i) {
    auto prepared = PrepareText(requests[i].text, tokenizer, config, model.max_text_length());
    if (!prepared) {
      results[i] = tl::unexpected<Error>(std::move(prepared).error());
      continue;
    }
    texts[i] = *std::move(prepared);
    by_length[texts[i].ids.size()].push_back(i);
  }
  for (const auto& [length, pending] : by_length) {
    const size_t count = std::max<size_t>(1, kTokensPerBatch / length);
    for (size_t next = 0; next < pending.size();) {
      const auto batch = TakeBatch(requests, pending, next, count, kWhat, results);
      if (batch.empty()) continue;
      std::vector<PreparedText*> members;
      for (size_t i : batch) members.push_back(&texts[i]);
      StoreBatch(batch, GuardTorch(kWhat, [&] { return EncodeBatch(model, members); }), results);
    }
  }
  return results;
}

}  // namespace sightline::encoder
