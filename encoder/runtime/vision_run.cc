// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/vision_run_internal.h"

#include <string>

#include "encoder/runtime/tensors_internal.h"
#include "encoder/runtime/torch_guard_internal.h"

namespace sightline::encoder {
namespace {

/// Pictures per pass of the tower: enough to fill the matrix units, few enough to stay in the cache and to notice a
/// deadline soon.
size_t PicturesPerBatch(const FastModel& model) { return model.placement().device.is_cuda() ? 64 : 8; }

using Batch = std::vector<const SharedPicture*>;

/// The next pictures, from `next` on, that somebody still wants. Asks every reader, so that each learns in time that
/// its limits have passed.
Batch TakeBatch(std::span<const SharedPicture> pictures, size_t& next, size_t count, PictureReader& reader) {
  Batch batch;
  while (next < pictures.size() && batch.size() < count) {
    const SharedPicture& picture = pictures[next++];
    bool wanted = false;
    for (const PictureUse& use : picture.uses) wanted = reader.StillWants(use.request) || wanted;
    if (wanted) batch.push_back(&picture);
  }
  return batch;
}

void EncodeBatch(const FastModel& model, int res, const Batch& batch, PictureReader& reader) {
  std::vector<const ImageRgb8*> pictures;
  for (const SharedPicture* picture : batch) pictures.push_back(picture->pixels);
  const at::Tensor pixels = NormalisePixels(pictures, res);
  const at::Tensor tokens = model.Vision(pixels.to(model.placement().device, model.placement().dtype));
  const at::Tensor embeddings = model.ImageEmbedding(tokens).to(at::kCPU).contiguous();
  const at::Tensor patches = tokens.to(at::kCPU, at::kFloat).contiguous();
  for (size_t k = 0; k < batch.size(); ++k) {
    const auto row = static_cast<int64_t>(k);
    const Embedding embedding = ToVector(embeddings[row]);
    for (const PictureUse& use : batch[k]->uses) reader.Take(use, patches[row], embedding);
  }
}

}  // namespace

void PictureList::Add(const ImageRgb8* picture, const PictureUse& use) {
  const auto [found, is_new] = index_.emplace(picture, pictures_.size());
  if (is_new) pictures_.push_back({picture, {}});
  pictures_[found->second].uses.push_back(use);
}

Status CheckModelPixels(const ImageRgb8* picture, int res) {
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

void RunVision(const FastModel& model, int res, std::span<const SharedPicture> pictures, std::string_view what,
               PictureReader& reader) {
  for (size_t next = 0; next < pictures.size();) {
    const Batch batch = TakeBatch(pictures, next, PicturesPerBatch(model), reader);
    if (batch.empty()) continue;
    const Status status = GuardTorch(what, [&]() -> Status {
      EncodeBatch(model, res, batch, reader);
      return {};
    });
    if (status) continue;
    for (const SharedPicture* picture : batch) {
      for (const PictureUse& use : picture->uses) reader.Fail(use.request, status.error());
    }
  }
}

}  // namespace sightline::encoder
