// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/token_matrix.h"
#include "base/types.h"
#include "encoder/calibration.h"
#include "encoder/model_config.h"

namespace sightline::encoder {

enum class Precision { kFp32, kBf16 };
/// kAuto: the GPU when LibTorch has CUDA and sees one, else the CPU.
enum class Device { kAuto, kCpu, kCuda };

struct EncoderOptions {
  Precision precision = Precision::kFp32;
  Device device = Device::kAuto;
  int threads = 0;  ///< Intra-op threads of LibTorch; 0 leaves LibTorch's own choice.
};

/// What is loaded, for compatibility checks and for people.
struct EncoderInfo {
  ModelConfig config;
  Calibration calibration;
  std::string fingerprint;  ///< Hex SHA-256 over weights, tokenizer and preprocessing; not over the calibration.
  std::string device;       ///< "cpu", "cuda:0 (NVIDIA ...)".
  Precision precision = Precision::kFp32;
  uint64_t parameters = 0;
  /// What the fusion encoder runs in: kFp32 also in a bf16 encoder when rounding this model's fusion weights to bf16
  /// would change its match logits visibly (checked while it is opened).
  Precision fusion_precision = Precision::kFp32;

  uint32_t patch_tokens() const { return static_cast<uint32_t>(config.vision.tokens()); }
  uint32_t patch_width() const { return static_cast<uint32_t>(config.vision.width); }
};

struct ImageRequest {
  const ImageRgb8* model_pixels = nullptr;  ///< image_res x image_res, from ResizeToModelPixels. Lives until return.
  Limits limits;
};
struct ImageEncoding {
  Embedding embedding;  ///< embed_dim, unit length.
  TokenMatrix patches;  ///< (N+1) x D; token 0 is the mean token.
};

/// Some sampled frames of one clip, in order.
struct ClipRequest {
  /// Model pixels as in ImageRequest, at least one; exactly `frame_len` when the model has frame positions
  /// (ModelConfig::add_frame_pos). The same pointer twice is encoded once. All live until return.
  std::span<const ImageRgb8* const> frames;
  Limits limits;
};
struct ClipEncoding {
  Embedding embedding;            ///< Of the pooled patches; embed_dim, unit length.
  TokenMatrix patches;            ///< (N+1) x D: the mean of the frames' patches, with their positions.
  std::vector<Embedding> frames;  ///< Of each frame as a picture of its own, in order of the request.
};

struct TextRequest {
  std::string_view text;  ///< UTF-8 as typed; cleaned and tokenised here.
  Limits limits;
};
struct TextEncoding {
  Embedding embedding;       ///< embed_dim, unit length.
  TokenMatrix token_states;  ///< L x C, fp32, without padding.
  std::string cleaned;       ///< What the model read, before tokenising.
  bool truncated = false;    ///< Words or tokens beyond the model's limits were dropped.
};

/// One text against the patches of many units.
struct MatchRequest {
  const TokenMatrix* token_states = nullptr;    ///< L x C. Lives until return.
  std::span<const TokenMatrix* const> patches;  ///< Each (N+1) x D, any format. Lives until return.
  Limits limits;
};

/// The model: pictures and texts to embeddings, and texts against patches to match logits. Thread-safe: concurrent
/// calls are run one after the other. Calls are CPU- or GPU-bound, do no I/O, and check each request's limits between
/// batches; call them from workers.
class Encoder {
 public:
  virtual ~Encoder() = default;

  virtual const EncoderInfo& info() const = 0;

  /// Vision tower and projection. One result per request, in order, patches in `patch_format`.
  /// Per-request errors: kInvalidArgument (not image_res x image_res), kCancelled, kDeadlineExceeded,
  /// kResourceExhausted (out of memory), kInternal.
  virtual std::vector<Result<ImageEncoding>> EncodeImages(std::span<const ImageRequest> requests,
                                                          TokenFormat patch_format) = 0;

  /// Frames through the vision tower, averaged to one patch matrix per clip (x2vlm-spec section 7), and projection. One
  /// result per request, in order, patches in `patch_format`. Frames of all requests are encoded together, a frame that
  /// several requests share once.
  /// Per-request errors: kInvalidArgument (no frames, a frame that is not image_res x image_res, another number of
  /// frames than the model has positions for), kCancelled, kDeadlineExceeded, kResourceExhausted, kInternal.
  virtual std::vector<Result<ClipEncoding>> EncodeClips(std::span<const ClipRequest> requests,
                                                        TokenFormat patch_format) = 0;

  /// Cleaning, tokeniser, text encoder and projection. One result per request, in order.
  /// Per-request errors: kInvalidArgument (invalid UTF-8; nothing left after cleaning), kCancelled, kDeadlineExceeded,
  /// kResourceExhausted, kInternal.
  virtual std::vector<Result<TextEncoding>> EncodeTexts(std::span<const TextRequest> requests) = 0;

  /// Fusion encoder and matching head: the raw ITM logit [1] of every (text, patches) pair (x2vlm-spec section 9.2).
  /// One result per request, in order; each holds one logit per entry of `patches`, in order.
  /// Per-request errors: kInvalidArgument (shapes do not fit the model), kCorruption (a broken token matrix),
  /// kCancelled, kDeadlineExceeded, kResourceExhausted, kInternal.
  virtual std::vector<Result<std::vector<float>>> Match(std::span<const MatchRequest> requests) = 0;
};

/// Loads a model directory (docs/MODELS.md). Takes about a second for the small model.
/// Errors: kNotFound (no such directory or file), kCorruption (broken file), kInvalidArgument (configuration, a
/// missing, extra or misshapen weight: the message names it), kUnsupported (a tower this version cannot run; CUDA asked
/// for and not there), kFailedPrecondition (a newer format).
Result<std::unique_ptr<Encoder>> OpenEncoder(const std::filesystem::path& model_dir, const EncoderOptions& options);

/// The version of the LibTorch that is loaded, "2.13.0".
std::string TorchVersion();
/// What Device::kAuto chooses here, as EncoderInfo::device has it.
std::string DefaultDeviceName();

}  // namespace sightline::encoder
