// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <ATen/core/Tensor.h>
#include <gmock/gmock.h>

#include "encoder/model/weights_internal.h"
#include "encoder/model_config.h"

namespace sightline::testing {

/// All tensors of a `.safetensors` file, F32 and I64.
encoder::NamedTensors ReadTensors(const std::filesystem::path& path);

struct FixtureModel {
  encoder::ModelConfig config;
  encoder::NamedTensors weights;
};

/// Config and expanded weights of a model directory.
FixtureModel LoadModel(const std::filesystem::path& model_dir);

/// Imports a checkpoint of tests/data, "retrieval_tiny/model.th", into a model directory and loads that.
/// @param image_res, frame_len  of the model; without them, those of the fixture's `dims.json`.
FixtureModel ImportFixture(const std::string& file, std::optional<int> image_res = {},
                           std::optional<int> frame_len = {});

/// max |a - b|; infinite when the shapes differ or a value is not a number.
double LargestDifference(const at::Tensor& a, const at::Tensor& b);
/// max |a|.
double LargestValue(const at::Tensor& a);

/// Matches a tensor whose every value is within `tolerance` of `expected`.
MATCHER_P2(IsCloseTo, expected, tolerance, "is close") {
  const double difference = LargestDifference(arg, expected);
  *result_listener << "whose largest difference is " << difference;
  return difference <= tolerance;
}

}  // namespace sightline::testing
