// SPDX-License-Identifier: BSD-3-Clause
#include "query/content.h"

#include <algorithm>
#include <utility>

namespace sightline::query {
namespace {

// Contents per call of the encoder: most of what a larger batch gains, and a fraction of a second for the pictures of a
// large model on a CPU.
constexpr size_t kBatch = 16;

using Results = std::vector<Result<EncodedContent>>;

void EncodeWords(std::span<const Content> contents, std::span<const size_t> which, encoder::Encoder& encoder,
                 const Limits& limits, Results& results) {
  std::vector<encoder::TextRequest> requests;
  for (const size_t i : which) requests.push_back({.text = std::get<std::string>(contents[i]), .limits = limits});
  std::vector<Result<encoder::TextEncoding>> encodings = encoder.EncodeTexts(requests);
  for (size_t n = 0; n < which.size(); ++n) {
    results[which[n]] = std::move(encodings[n]).map([](encoder::TextEncoding&& text) {
      const size_t tokens = text.token_states.tokens;
      return EncodedContent{true, std::move(text.embedding), std::move(text.token_states), tokens};
    });
  }
}

void EncodePictures(std::span<const Content> contents, std::span<const size_t> which, encoder::Encoder& encoder,
                    const Limits& limits, Results& results) {
  std::vector<encoder::ImageRequest> requests;
  for (const size_t i : which)
    requests.push_back({.model_pixels = &std::get<ImageRgb8>(contents[i]), .limits = limits});
  std::vector<Result<encoder::ImageEncoding>> encodings = encoder.EncodeImages(requests, TokenFormat::kFp32);
  for (size_t n = 0; n < which.size(); ++n) {
    results[which[n]] = std::move(encodings[n]).map([](encoder::ImageEncoding&& picture) {
      return EncodedContent{false, std::move(picture.embedding), std::move(picture.patches), 0};
    });
  }
}

}  // namespace

std::vector<Result<EncodedContent>> EncodeContents(std::span<const Content> contents, encoder::Encoder& encoder,
                                                   const Limits& limits) {
  Results results(contents.size());
  std::vector<size_t> words;
  std::vector<size_t> pictures;
  for (size_t i = 0; i < contents.size(); ++i) {
    (std::holds_alternative<std::string>(contents[i]) ? words : pictures).push_back(i);
  }
  const auto in_batches = [&](std::span<const size_t> all, auto encode) {
    for (; !all.empty(); all = all.subspan(std::min(kBatch, all.size()))) {
      encode(contents, all.first(std::min(kBatch, all.size())), encoder, limits, results);
    }
  };
  in_batches(words, EncodeWords);
  in_batches(pictures, EncodePictures);
  return results;
}

}  // namespace sightline::query
