// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/tensors_internal.h"

#include <array>
#include <cstdint>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "encoder/files/weights.h"

namespace sightline::encoder {
namespace {

constexpr std::array<float, 3> kMean = {0.48145466f, 0.4578275f, 0.40821073f};
constexpr std::array<float, 3> kDeviation = {0.26862954f, 0.26130258f, 0.27577711f};

std::span<float> Floats(const at::Tensor& x) { return {x.data_ptr<float>(), static_cast<size_t>(x.numel())}; }

void NormalisePicture(const ImageRgb8& picture, float* out) {
  const size_t plane = picture.pixels.size() / 3;
  for (size_t channel = 0; channel < 3; ++channel) {
    for (size_t i = 0; i < plane; ++i) {
      const float value = static_cast<float>(picture.pixels[3 * i + channel]) / 255.0f;
      out[channel * plane + i] = (value - kMean[channel]) / kDeviation[channel];
    }
  }
}

}  // namespace

Result<NamedTensors> LoadWeights(const ModelDirectory& directory) {
  SL_ASSIGN_OR_RETURN(const auto specs, ExpectedWeights(directory.config()));
  NamedTensors weights;
  for (const WeightSpec& spec : specs) {
    const at::Tensor tensor = at::empty(spec.shape, at::kFloat);
    SL_RETURN_IF_ERROR(directory.weights().ReadFloats(spec.name, Floats(tensor)));
    weights.emplace(spec.name, tensor);
  }
  return weights;
}

at::Tensor NormalisePixels(std::span<const ImageRgb8* const> pictures, int res) {
  const at::Tensor out = at::empty({static_cast<int64_t>(pictures.size()), 3, res, res}, at::kFloat);
  const size_t stride = 3 * static_cast<size_t>(res) * static_cast<size_t>(res);
  float* data = out.data_ptr<float>();
  at::parallel_for(0, out.size(0), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      NormalisePicture(*pictures[i], data + i * stride);
    }
  });
  return out;
}

Result<at::Tensor> StackTokenMatrices(std::span<const TokenMatrix* const> matrices) {
  const TokenMatrix& first = *matrices.front();
  const at::Tensor out = at::empty({static_cast<int64_t>(matrices.size()), first.tokens, first.width}, at::kFloat);
  const std::span<float> floats = Floats(out);
  const size_t stride = static_cast<size_t>(first.tokens) * first.width;
  std::vector<Status> statuses(matrices.size());
  at::parallel_for(0, out.size(0), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      statuses[i] = ExpandTokenMatrix(*matrices[i], floats.subspan(i * stride, stride));
    }
  });
  for (Status& status : statuses) SL_RETURN_IF_ERROR(std::move(status));
  return out;
}

TokenMatrix ToTokenMatrix(const at::Tensor& tokens, TokenFormat format) {
  return MakeTokenMatrix(Floats(tokens), static_cast<uint32_t>(tokens.size(0)), static_cast<uint32_t>(tokens.size(1)),
                         format);
}

std::vector<float> ToVector(const at::Tensor& x) {
  const std::span<const float> floats = Floats(x);
  return {floats.begin(), floats.end()};
}

}  // namespace sightline::encoder
