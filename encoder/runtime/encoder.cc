// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/encoder.h"

#include <mutex>
#include <string>
#include <type_traits>
#include <utility>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include "encoder/files/model_directory.h"
#include "encoder/runtime/clip_requests_internal.h"
#include "encoder/runtime/fast_model_internal.h"
#include "encoder/runtime/image_requests_internal.h"
#include "encoder/runtime/match_requests_internal.h"
#include "encoder/runtime/tensors_internal.h"
#include "encoder/runtime/text_requests_internal.h"
#include "encoder/runtime/torch_guard_internal.h"
#include "encoder/text/wordpiece.h"

namespace sightline::encoder {
namespace {

class TorchEncoder final : public Encoder {
 public:
  TorchEncoder(EncoderInfo info, std::unique_ptr<Tokenizer> tokenizer, FastModel model)
      : info_(std::move(info)), tokenizer_(std::move(tokenizer)), model_(std::move(model)) {}

  const EncoderInfo& info() const override { return info_; }

  std::vector<Result<ImageEncoding>> EncodeImages(std::span<const ImageRequest> requests,
                                                  TokenFormat patch_format) override {
    return Exclusively([&] { return RunImageRequests(model_, info_.config, requests, patch_format); });
  }

  std::vector<Result<ClipEncoding>> EncodeClips(std::span<const ClipRequest> requests,
                                                TokenFormat patch_format) override {
    return Exclusively([&] { return RunClipRequests(model_, info_.config, requests, patch_format); });
  }

  std::vector<Result<TextEncoding>> EncodeTexts(std::span<const TextRequest> requests) override {
    return Exclusively([&] { return RunTextRequests(model_, *tokenizer_, info_.config.tokenizer, requests); });
  }

  std::vector<Result<std::vector<float>>> Match(std::span<const MatchRequest> requests) override {
    return Exclusively([&] { return RunMatchRequests(model_, info_.config, requests); });
  }

 private:
  /// One call at a time: each uses all threads by itself, and two at once would only share them and the memory.
  template <typename Body>
  std::invoke_result_t<Body> Exclusively(Body&& body) {
    const std::lock_guard lock(mutex_);
    const c10::InferenceMode inference;
    at::init_num_threads();  // OpenMP keeps the thread count per calling thread.
    return std::forward<Body>(body)();
  }

  const EncoderInfo info_;
  const std::unique_ptr<Tokenizer> tokenizer_;
  const FastModel model_;
  std::mutex mutex_;
};

Result<at::Device> ChooseDevice(Device wanted) {
  if (wanted == Device::kCpu) return at::Device(at::kCPU);
  if (at::hasCUDA()) return at::Device(at::kCUDA, 0);
  if (wanted == Device::kAuto) return at::Device(at::kCPU);
  return Fail(ErrorCode::kUnsupported, "CUDA was asked for, but this LibTorch has none or sees no GPU");
}

Result<std::unique_ptr<Tokenizer>> MakeTokenizer(const ModelDirectory& directory) {
  const ModelConfig& config = directory.config();
  if (config.tokenizer.kind != TokenizerKind::kBertWordPiece) {
    return Fail(ErrorCode::kUnsupported, "this version cannot run models with a SentencePiece tokenizer");
  }
  return MakeWordPieceTokenizer(directory.tokenizer_bytes(), config.text.vocab_size);
}

Result<std::unique_ptr<Encoder>> MakeEncoder(const ModelDirectory& directory, const EncoderOptions& options) {
  SL_ASSIGN_OR_RETURN(const at::Device device, ChooseDevice(options.device));
  SL_ASSIGN_OR_RETURN(std::unique_ptr<Tokenizer> tokenizer, MakeTokenizer(directory));
  SL_ASSIGN_OR_RETURN(const NamedTensors weights, LoadWeights(directory));
  const Placement placement{device, options.precision == Precision::kBf16 ? at::kBFloat16 : at::kFloat};
  EncoderInfo info{directory.config(), directory.calibration(), directory.fingerprint(),
                   device.str(),       options.precision,       directory.parameters()};
  FastModel model(directory.config(), weights, placement);
  const bool rounded = model.fusion_placement().dtype == at::kBFloat16;
  info.fusion_precision = rounded ? Precision::kBf16 : Precision::kFp32;
  return std::make_unique<TorchEncoder>(std::move(info), std::move(tokenizer), std::move(model));
}

}  // namespace

Result<std::unique_ptr<Encoder>> OpenEncoder(const std::filesystem::path& model_dir, const EncoderOptions& options) {
  SL_ASSIGN_OR_RETURN(const ModelDirectory directory, ModelDirectory::Open(model_dir));
  auto encoder = GuardTorch("load the model", [&] {
    if (options.threads > 0) at::set_num_threads(options.threads);
    const c10::InferenceMode inference;
    return MakeEncoder(directory, options);
  });
  if (!encoder) return Annotate(std::move(encoder).error(), model_dir.string());
  return encoder;
}

}  // namespace sightline::encoder
