// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "encoder/encoder.h"

namespace sightline::testing {

/// A model that a test can predict. It sees colours: axes 0, 1 and 2 of an embedding are red, green and blue, the
/// remaining axes tell different contents apart. A picture's embedding comes from its mean colour, so equal pictures
/// have equal embeddings; a text's is the sum of its words', where "red", "green", "blue", "white" and "black" are
/// colours and every other word is a direction of its own.
///
/// A clip's patches are the mean of its frames' patches, its embedding the direction of the mean of their embeddings;
/// each frame's own embedding is that of EncodeImages.
///
/// Match(text, patches) is 10 * (best cosine of the text with a single patch) - 5: a small red spot in a blue picture
/// is a match for "red" although the coarse score is low, so reranking changes the order.
///
/// Thread-safe, except that the hooks may only be set while no call runs.
class FakeEncoder : public encoder::Encoder {
 public:
  struct Options {
    int image_res = 4;   ///< Pixels per side of the model input.
    int patch_size = 2;  ///< Divides image_res.
    int dim = 8;         ///< Of embeddings and of patches; at least 6.
    std::string fingerprint = "fake";
  };

  FakeEncoder() : FakeEncoder(Options()) {}
  explicit FakeEncoder(const Options& options);

  const encoder::EncoderInfo& info() const override { return info_; }
  std::vector<Result<encoder::ImageEncoding>> EncodeImages(std::span<const encoder::ImageRequest> requests,
                                                           TokenFormat patch_format) override;
  std::vector<Result<encoder::ClipEncoding>> EncodeClips(std::span<const encoder::ClipRequest> requests,
                                                         TokenFormat patch_format) override;
  std::vector<Result<encoder::TextEncoding>> EncodeTexts(std::span<const encoder::TextRequest> requests) override;
  std::vector<Result<std::vector<float>>> Match(std::span<const encoder::MatchRequest> requests) override;

  /// For setting `calibration` or sizes that a test wants to be different.
  encoder::EncoderInfo& mutable_info() { return info_; }

  // Hooks. Empty: nothing happens.
  std::function<void(size_t requests)> before_encode_images;                 ///< At the start of each call.
  std::function<void(size_t requests)> before_encode_clips;                  ///< At the start of each call.
  std::function<void(size_t requests)> before_match;                         ///< At the start of each call.
  std::function<std::optional<Error>(const ImageRgb8& pixels)> image_error;  ///< Fails single pictures, clips of them.
  std::function<std::optional<Error>(std::string_view text)> text_error;     ///< Fails single texts.
  std::optional<Error> match_error;                                          ///< Fails every match request.
  std::chrono::milliseconds delay{0};                                        ///< Each call takes at least this long.

  // What was asked so far, failed requests included.
  std::atomic<uint64_t> image_calls{0};
  std::atomic<uint64_t> images_encoded{0};
  std::atomic<uint64_t> clip_calls{0};
  std::atomic<uint64_t> clips_encoded{0};
  std::atomic<uint64_t> frames_encoded{0};  ///< Of clips, one for each different pointer of a call.
  std::atomic<uint64_t> text_calls{0};
  std::atomic<uint64_t> texts_encoded{0};
  std::atomic<uint64_t> match_calls{0};
  std::atomic<uint64_t> pairs_matched{0};

 private:
  Result<encoder::ImageEncoding> EncodeImage(const encoder::ImageRequest& request, TokenFormat patch_format) const;
  Result<encoder::ClipEncoding> EncodeClip(const encoder::ClipRequest& request, TokenFormat patch_format) const;
  Result<encoder::TextEncoding> EncodeText(const encoder::TextRequest& request) const;
  Result<std::vector<float>> MatchOne(const encoder::MatchRequest& request) const;
  Embedding WordDirection(std::string_view word) const;

  encoder::EncoderInfo info_;
};

}  // namespace sightline::testing
