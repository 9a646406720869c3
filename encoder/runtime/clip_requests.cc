// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/clip_requests_internal.h"

#include <string>
#include <utility>

#include <ATen/ops/stack.h>

#include "encoder/runtime/tensors_internal.h"
#include "encoder/runtime/vision_run_internal.h"

namespace sightline::encoder {
namespace {

constexpr std::string_view kWhat = "encode a clip";

class ClipReader final : public PictureReader {
 public:
  ClipReader(const FastModel& model, std::span<const ClipRequest> requests, TokenFormat patch_format)
      : model_(model), format_(patch_format), clips_(requests.size()), answers_(requests, kWhat) {
    for (size_t i = 0; i < requests.size(); ++i) {
      clips_[i].tokens.resize(requests[i].frames.size());
      clips_[i].embeddings.resize(requests[i].frames.size());
    }
  }

  bool StillWants(size_t request) override {
    if (answers_.CheckLimits(request)) return true;
    clips_[request] = {};
    return false;
  }

  void Take(const PictureUse& use, const at::Tensor& patches, const Embedding& embedding) override {
    if (!answers_.IsOpen(use.request)) return;
    Clip& clip = clips_[use.request];
    clip.tokens[use.position] = patches;
    clip.embeddings[use.position] = embedding;
    if (++clip.frames_seen == clip.tokens.size()) answers_.Give(use.request, Finish(std::exchange(clip, {})));
  }

  void Fail(size_t request, const Error& error) override {
    clips_[request] = {};
    answers_.Give(request, tl::unexpected<Error>(error));
  }

  std::vector<Result<ClipEncoding>> Release() && { return std::move(answers_).Release(); }

 private:
  /// The frames of a clip that have been encoded so far.
  struct Clip {
    std::vector<at::Tensor> tokens;  ///< (N+1, D) each.
    std::vector<Embedding> embeddings;
    size_t frames_seen = 0;
  };

  ClipEncoding Finish(Clip clip) const {
    const at::Tensor frames = at::stack(clip.tokens).unsqueeze(0).to(model_.placement().device);
    const at::Tensor pooled = model_.PoolFrames(frames);
    const at::Tensor embedding = model_.ImageEmbedding(pooled).to(at::kCPU).contiguous();
    const at::Tensor patches = pooled.to(at::kCPU).contiguous();
    return {ToVector(embedding[0]), ToTokenMatrix(patches[0], format_), std::move(clip.embeddings)};
  }

  const FastModel& model_;
  TokenFormat format_;
  std::vector<Clip> clips_;
  Answers<ClipRequest, ClipEncoding> answers_;
};

Status CheckClip(const ClipRequest& request, const ModelConfig& config) {
  const size_t frames = request.frames.size();
  if (frames == 0) return Fail(ErrorCode::kInvalidArgument, "a clip without frames");
  if (config.add_frame_pos && frames != static_cast<size_t>(config.frame_len)) {
    return Fail(ErrorCode::kInvalidArgument, "a clip of " + std::to_string(frames) + " frames where the model has " +
                                                 std::to_string(config.frame_len) + " frame positions");
  }
  for (const ImageRgb8* frame : request.frames) {
    SL_RETURN_IF_ERROR(CheckModelPixels(frame, config.vision.image_res));
  }
  return {};
}

}  // namespace

std::vector<Result<ClipEncoding>> RunClipRequests(const FastModel& model, const ModelConfig& config,
                                                  std::span<const ClipRequest> requests, TokenFormat patch_format) {
  ClipReader reader(model, requests, patch_format);
  PictureList list;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (const Status status = CheckClip(requests[i], config); !status) {
      reader.Fail(i, status.error());
      continue;
    }
    for (size_t k = 0; k < requests[i].frames.size(); ++k) list.Add(requests[i].frames[k], {i, k});
  }
  RunVision(model, config.vision.image_res, list.pictures(), kWhat, reader);
  return std::move(reader).Release();
}

}  // namespace sightline::encoder
