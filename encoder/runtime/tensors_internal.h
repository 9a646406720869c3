// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "base/result.h"
#include "base/token_matrix.h"
#include "base/types.h"
#include "encoder/files/model_directory.h"
#include "encoder/model/weights_internal.h"

namespace sightline::encoder {

/// Reads all weights of the model as fp32 tensors on the CPU. Errors: those of ExpectedWeights and ReadFloats.
Result<NamedTensors> LoadWeights(const ModelDirectory& directory);

/// Pictures of `res` x `res` pixels to (B, 3, res, res) fp32: value / 255, then the CLIP mean and deviation (x2vlm-spec
/// section 8.1).
at::Tensor NormalisePixels(std::span<const ImageRgb8* const> pictures, int res);

/// Matrices of one shape to (B, tokens, width) fp32 on the CPU. Expands in parallel. Errors: kCorruption.
Result<at::Tensor> StackTokenMatrices(std::span<const TokenMatrix* const> matrices);

/// (tokens, width) fp32 on the CPU, contiguous, to a matrix.
TokenMatrix ToTokenMatrix(const at::Tensor& tokens, TokenFormat format);

/// A vector of floats on the CPU, contiguous.
std::vector<float> ToVector(const at::Tensor& x);

}  // namespace sightline::encoder
