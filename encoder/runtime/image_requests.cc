// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/image_requests_internal.h"

#include <string>

#include "encoder/runtime/request_batches_internal.h"
#include "encoder/runtime/tensors_internal.h"
#include "encoder/runtime/torch_guard_internal.h"

namespace sightline::encoder {
namespace {

/// Pictures per pass of the tower: enough to fill the matrix units, few enough to stay in the cache and to notice a
/// deadline soon.
size_t PicturesPerBatch(const FastModel& model) { return model.placement().device.is_cuda() ? 64 : 8; }

Status CheckPixels(const ImageRequest& request, int res) {
  const ImageRgb8* picture = request.model_pixels;
  const size_t bytes = 3 * static_cast<size_t>(res) * static_cast<size_t>(res);
  if (picture != nullptr && picture->width == res && picture->height == res && picture->pixels.size() == bytes) {
    return {};
  }
  const std::string size = picture == nullptr
                               ? "no picture"
                               : std::to_string(picture->width) + " x " + std::to_string(picture->height) + " pixels";
  return Fail(ErrorCode::kInvalidArgument,
              "the model reads " + std::to_string(res) + " x " + std::to_string(res) + " pixels, not " + size);
}

Result<std::vector<ImageEncoding>> EncodeBatch(const FastModel& model, int res,
                                               std::span<const ImageRgb8* const> pictures, TokenFormat format) {
  const at::Tensor pixels = NormalisePixels(pictures, res);
  const at::Tensor tokens = model.Vision(pixels.to(model.placement().device, model.placement().dtype));
  const at::Tensor embeddings = model.ImageEmbedding(tokens).to(at::kCPU).contiguous();
  const at::Tensor patches = tokens.to(at::kCPU, at::kFloat).contiguous();
  std::vector<ImageEncoding> encodings;
  for (int64_t i = 0; i < patches.size(0); ++i) {
    encodings.push_back({ToVector(embeddings[i]), ToTokenMatrix(patches[i], format)});
  }
  return encodings;
}

}  // namespace

std::vector<Result<ImageEncoding>> RunImageRequests(const FastModel& model, const ModelConfig& config,
                                                    std::span<const ImageRequest> requests, TokenFormat patch_format) {
  constexpr std::string_view kWhat = "encode a picture";
  const int res = config.vision.image_res;
  auto results = UnansweredResults<ImageEncoding>(requests.size());
  std::vector<size_t> pending;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (Status status = CheckPixels(requests[i], res); !status) {
      results[i] = tl::unexpected<Error>(std::move(status).error());
    } else {
      pending.push_back(i);
    }
  }
  for (size_t next = 0; next < pending.size();) {
    const auto batch = TakeBatch(requests, pending, next, PicturesPerBatch(model), kWhat, results);
    if (batch.empty()) continue;
    std::vector<const ImageRgb8*> pictures;
    for (size_t i : batch) pictures.push_back(requests[i].model_pixels);
    StoreBatch(batch, GuardTorch(kWhat, [&] { return EncodeBatch(model, res, pictures, patch_format); }), results);
  }
  return results;
}

}  // namespace sightline::encoder
