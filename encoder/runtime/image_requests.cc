// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/image_requests_internal.h"

#include "encoder/runtime/tensors_internal.h"
#include "encoder/runtime/vision_run_internal.h"

namespace sightline::encoder {
namespace {

constexpr std::string_view kWhat = "encode a picture";

class ImageReader final : public PictureReader {
 public:
  ImageReader(std::span<const ImageRequest> requests, TokenFormat patch_format)
      : format_(patch_format), answers_(requests, kWhat) {}

  bool StillWants(size_t request) override { return answers_.CheckLimits(request); }
  void Take(const PictureUse& use, const at::Tensor& patches, const Embedding& embedding) override {
    if (answers_.IsOpen(use.request)) {
      answers_.Give(use.request, ImageEncoding{embedding, ToTokenMatrix(patches, format_)});
    }
  }
  void Fail(size_t request, const Error& error) override { answers_.Give(request, tl::unexpected<Error>(error)); }

  std::vector<Result<ImageEncoding>> Release() && { return std::move(answers_).Release(); }

 private:
  TokenFormat format_;
  Answers<ImageRequest, ImageEncoding> answers_;
};

}  // namespace

std::vector<Result<ImageEncoding>> RunImageRequests(const FastModel& model, const ModelConfig& config,
                                                    std::span<const ImageRequest> requests, TokenFormat patch_format) {
  const int res = config.vision.image_res;
  ImageReader reader(requests, patch_format);
  PictureList list;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (const Status status = CheckModelPixels(requests[i].model_pixels, res); !status) {
      reader.Fail(i, status.error());
    } else {
      list.Add(requests[i].model_pixels, {i, 0});
    }
  }
  RunVision(model, res, list.pictures(), kWhat, reader);
  return std::move(reader).Release();
}

}  // namespace sightline::encoder
