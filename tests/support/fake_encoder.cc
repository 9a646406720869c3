// SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/fake_encoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <thread>

#include "base/check.h"

namespace sightline::testing {
namespace {

constexpr size_t kColours = 3;
constexpr float kContentWeight = 0.02F;  // Tells pictures of one mean colour apart without moving them far.

uint64_t Fnv1a(std::span<const uint8_t> bytes) {
  uint64_t hash = 14695981039346656037ULL;
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 1099511628211ULL;
  return hash;
}

uint64_t Fnv1a(std::string_view text) {
  return Fnv1a(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

void Normalise(Embedding& values) {
  float sum = 0;
  for (const float value : values) sum += value * value;
  if (sum == 0) return;
  for (float& value : values) value /= std::sqrt(sum);
}

float Dot(std::span<const float> a, std::span<const float> b) {
  float sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// The direction of one rectangle [x0, x0 + side) x [y0, y0 + side): its mean colour, and `content_hash` on the axes
// after the colours. The first of those is constant so that black has a direction too.
Embedding ColourDirection(const ImageRgb8& picture, int x0, int y0, int side, uint64_t content_hash, size_t dim) {
  std::array<float, kColours> sum{};
  for (int y = y0; y < y0 + side; ++y) {
    for (int x = x0; x < x0 + side; ++x) {
      const auto at = kColours * (static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x));
      for (size_t c = 0; c < kColours; ++c) sum[c] += static_cast<float>(picture.pixels[at + c]);
    }
  }
  Embedding out(dim, 0.0F);
  for (size_t c = 0; c < kColours; ++c) out[c] = sum[c] / (255.0F * static_cast<float>(side * side));
  out[kColours] = 0.05F;
  for (size_t i = kColours + 1; i < dim; ++i) {
    out[i] = kContentWeight * static_cast<float>((content_hash >> (7 * (i % 8))) & 127U) / 127.0F;
  }
  Normalise(out);
  return out;
}

std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80) != 0;
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_letter || is_upper) {
      words.back().push_back(is_upper ? static_cast<char>(c - 'A' + 'a') : c);
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

}  // namespace

FakeEncoder::FakeEncoder(const Options& options) {
  SL_CHECK(options.dim >= 6 && options.image_res % options.patch_size == 0);
  info_.config.name = "fake";
  info_.config.vision.image_res = options.image_res;
  info_.config.vision.patch_size = options.patch_size;
  info_.config.vision.width = options.dim;
  info_.config.text.width = options.dim;
  info_.config.embed_dim = options.dim;
  info_.fingerprint = options.fingerprint;
  info_.device = "cpu";
}

std::vector<Result<encoder::ImageEncoding>> FakeEncoder::EncodeImages(std::span<const encoder::ImageRequest> requests,
                                                                      TokenFormat patch_format) {
  if (before_encode_images) before_encode_images(requests.size());
  std::this_thread::sleep_for(delay);
  ++image_calls;
  images_encoded += requests.size();
  std::vector<Result<encoder::ImageEncoding>> out;
  for (const encoder::ImageRequest& request : requests) out.push_back(EncodeImage(request, patch_format));
  return out;
}

Result<encoder::ImageEncoding> FakeEncoder::EncodeImage(const encoder::ImageRequest& request,
                                                        TokenFormat patch_format) const {
  SL_RETURN_IF_ERROR(request.limits.Check("encode a picture"));
  const int res = info_.config.vision.image_res;
  const int patch = info_.config.vision.patch_size;
  const auto dim = static_cast<size_t>(info_.config.embed_dim);
  if (request.model_pixels == nullptr || request.model_pixels->width != res || request.model_pixels->height != res) {
    return Fail(ErrorCode::kInvalidArgument, "the picture does not have the model's size");
  }
  const ImageRgb8& picture = *request.model_pixels;
  if (image_error) {
    if (auto error = image_error(picture)) return tl::unexpected<Error>(*error);
  }
  const uint64_t hash = Fnv1a(picture.pixels);
  encoder::ImageEncoding out;
  out.embedding = ColourDirection(picture, 0, 0, res, hash, dim);
  std::vector<float> rows(out.embedding);
  for (int y = 0; y < res; y += patch) {
    for (int x = 0; x < res; x += patch) {
      const Embedding row = ColourDirection(picture, x, y, patch, hash, dim);
      rows.insert(rows.end(), row.begin(), row.end());
    }
  }
  out.patches = MakeTokenMatrix(rows, info_.patch_tokens(), static_cast<uint32_t>(dim), patch_format);
  return out;
}

std::vector<Result<encoder::ClipEncoding>> FakeEncoder::EncodeClips(std::span<const encoder::ClipRequest> requests,
                                                                    TokenFormat patch_format) {
  if (before_encode_clips) before_encode_clips(requests.size());
  std::this_thread::sleep_for(delay);
  ++clip_calls;
  clips_encoded += requests.size();
  std::set<const ImageRgb8*> frames;
  std::vector<Result<encoder::ClipEncoding>> out;
  for (const encoder::ClipRequest& request : requests) {
    frames.insert(request.frames.begin(), request.frames.end());
    out.push_back(EncodeClip(request, patch_format));
  }
  frames_encoded += frames.size();
  return out;
}

Result<encoder::ClipEncoding> FakeEncoder::EncodeClip(const encoder::ClipRequest& request,
                                                      TokenFormat patch_format) const {
  const size_t count = request.frames.size();
  if (count == 0 || (info_.config.add_frame_pos && count != static_cast<size_t>(info_.config.frame_len))) {
    return Fail(ErrorCode::kInvalidArgument, "a clip of " + std::to_string(count) + " frames");
  }
  const size_t floats = size_t{info_.patch_tokens()} * info_.patch_width();
  encoder::ClipEncoding out;
  std::vector<float> mean(floats, 0.0F);
  std::vector<float> rows(floats);
  for (const ImageRgb8* frame : request.frames) {
    SL_ASSIGN_OR_RETURN(encoder::ImageEncoding picture, EncodeImage({frame, request.limits}, TokenFormat::kFp32));
    SL_RETURN_IF_ERROR(ExpandTokenMatrix(picture.patches, rows));
    for (size_t i = 0; i < floats; ++i) mean[i] += rows[i] / static_cast<float>(count);
    out.frames.push_back(std::move(picture.embedding));
  }
  out.embedding.assign(mean.begin(), mean.begin() + info_.config.embed_dim);
  Normalise(out.embedding);
  out.patches = MakeTokenMatrix(mean, info_.patch_tokens(), info_.patch_width(), patch_format);
  return out;
}

Embedding FakeEncoder::WordDirection(std::string_view word) const {
  Embedding out(static_cast<size_t>(info_.config.embed_dim), 0.0F);
  if (word == "red" || word == "white") out[0] = 1;
  if (word == "green" || word == "white") out[1] = 1;
  if (word == "blue" || word == "white") out[2] = 1;
  if (word == "black") out[kColours] = 1;
  if (std::all_of(out.begin(), out.end(), [](float value) { return value == 0; })) {
    const uint64_t hash = Fnv1a(word);
    for (size_t i = kColours + 1; i < out.size(); ++i) {
      out[i] = static_cast<float>((hash >> (7 * (i % 8))) & 127U) / 63.5F - 1.0F;
    }
    out.back() += 0.01F;  // Never all zero.
  }
  Normalise(out);
  return out;
}

std::vector<Result<encoder::TextEncoding>> FakeEncoder::EncodeTexts(std::span<const encoder::TextRequest> requests) {
  std::this_thread::sleep_for(delay);
  ++text_calls;
  texts_encoded += requests.size();
  std::vector<Result<encoder::TextEncoding>> out;
  for (const encoder::TextRequest& request : requests) out.push_back(EncodeText(request));
  return out;
}

Result<encoder::TextEncoding> FakeEncoder::EncodeText(const encoder::TextRequest& request) const {
  SL_RETURN_IF_ERROR(request.limits.Check("encode a text"));
  if (text_error) {
    if (auto error = text_error(request.text)) return tl::unexpected<Error>(*error);
  }
  std::vector<std::string> words = WordsOf(request.text);
  if (words.empty()) return Fail(ErrorCode::kInvalidArgument, "no words in \"" + std::string(request.text) + "\"");
  encoder::TextEncoding out;
  const auto max_words = static_cast<size_t>(info_.config.tokenizer.max_words);
  out.truncated = words.size() > max_words;
  if (out.truncated) words.resize(max_words);
  const auto dim = static_cast<size_t>(info_.config.embed_dim);
  out.embedding.assign(dim, 0.0F);
  std::vector<float> rows(dim, 0.0F);
  for (const std::string& word : words) {
    out.cleaned += (out.cleaned.empty() ? "" : " ") + word;
    const Embedding direction = WordDirection(word);
    for (size_t i = 0; i < dim; ++i) out.embedding[i] += direction[i];
    rows.insert(rows.end(), direction.begin(), direction.end());
  }
  out.embedding.back() += 1e-3F;  // Words may cancel out; never a zero vector.
  Normalise(out.embedding);
  std::copy(out.embedding.begin(), out.embedding.end(), rows.begin());
  out.token_states =
      MakeTokenMatrix(rows, static_cast<uint32_t>(words.size() + 1), static_cast<uint32_t>(dim), TokenFormat::kFp32);
  return out;
}

std::vector<Result<std::vector<float>>> FakeEncoder::Match(std::span<const encoder::MatchRequest> requests) {
  if (before_match) before_match(requests.size());
  std::this_thread::sleep_for(delay);
  ++match_calls;
  std::vector<Result<std::vector<float>>> out;
  for (const encoder::MatchRequest& request : requests) {
    pairs_matched += request.patches.size();
    out.push_back(MatchOne(request));
  }
  return out;
}

Result<std::vector<float>> FakeEncoder::MatchOne(const encoder::MatchRequest& request) const {
  SL_RETURN_IF_ERROR(request.limits.Check("match"));
  if (match_error) return tl::unexpected<Error>(*match_error);
  const size_t dim = info_.patch_width();
  if (request.token_states->width != dim || request.token_states->tokens == 0) {
    return Fail(ErrorCode::kInvalidArgument, "token states do not fit the model");
  }
  std::vector<float> states(request.token_states->tokens * dim);
  SL_RETURN_IF_ERROR(ExpandTokenMatrix(*request.token_states, states));
  std::vector<float> logits;
  for (const TokenMatrix* patches : request.patches) {
    if (patches->width != dim || patches->tokens != info_.patch_tokens()) {
      return Fail(ErrorCode::kInvalidArgument, "patches do not fit the model");
    }
    std::vector<float> rows(patches->tokens * dim);
    SL_RETURN_IF_ERROR(ExpandTokenMatrix(*patches, rows));
    float best = -1;
    for (size_t row = 1; row < patches->tokens; ++row) {
      best = std::max(best, Dot(std::span(states).first(dim), std::span(rows).subspan(row * dim, dim)));
    }
    logits.push_back(10.0F * best - 5.0F);
  }
  return logits;
}

}  // namespace sightline::testing
