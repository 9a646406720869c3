// SPDX-License-Identifier: BSD-3-Clause
#include "tests/encoder/support/tensor_fixtures.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <sstream>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <nlohmann/json.hpp>

#include "encoder/files/import.h"
#include "encoder/files/model_directory.h"
#include "encoder/files/safetensors.h"
#include "encoder/runtime/tensors_internal.h"
#include "tests/support/test_support.h"

namespace sightline::testing {
namespace {

/// The first `lines` lines of the public vocabulary.
std::string FirstWords(int lines) {
  std::istringstream in(ReadTestFile(TestData("text/vocab.txt")));
  std::string content;
  std::string line;
  for (int i = 0; i < lines && std::getline(in, line); ++i) content += line + "\n";
  return content;
}

}  // namespace

encoder::NamedTensors ReadTensors(const std::filesystem::path& path) {
  encoder::NamedTensors tensors;
  const auto file = encoder::SafetensorsFile::Open(path);
  EXPECT_THAT(file, IsOk());
  if (!file) return tensors;
  for (const auto& [name, view] : file->tensors()) {
    const bool integers = view.dtype == encoder::DType::kI64;
    EXPECT_TRUE(integers || view.dtype == encoder::DType::kF32) << name;
    const at::Tensor tensor = at::empty(view.shape, integers ? at::kLong : at::kFloat);
    std::memcpy(tensor.data_ptr(), view.data.data(), view.data.size());
    tensors.emplace(name, tensor);
  }
  return tensors;
}

FixtureModel LoadModel(const std::filesystem::path& model_dir) {
  const auto directory = encoder::ModelDirectory::Open(model_dir);
  EXPECT_THAT(directory, IsOk());
  if (!directory) return {};
  auto weights = encoder::LoadWeights(*directory);
  EXPECT_THAT(weights, IsOk());
  return {directory->config(), std::move(weights).value_or(encoder::NamedTensors{})};
}

FixtureModel ImportFixture(const std::string& file, std::optional<int> image_res, std::optional<int> frame_len) {
  const std::filesystem::path path = TestData(file);
  const std::filesystem::path dims = path.parent_path() / "dims.json";
  const int words = nlohmann::json::parse(ReadTestFile(dims)).at("vocab_size");
  const TempDir dir;
  WriteTestFile(dir / "words.txt", FirstWords(words));
  const auto report = encoder::ImportCheckpoint(
      path, dir / "model",
      {.dims_file = dims, .tokenizer_file = dir / "words.txt", .image_res = image_res, .frame_len = frame_len});
  EXPECT_THAT(report, IsOk());
  return LoadModel(dir / "model");
}

double LargestDifference(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  const double difference = (a - b).abs().max().item<double>();
  return std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference;
}

double LargestValue(const at::Tensor& a) { return a.abs().max().item<double>(); }

}  // namespace sightline::testing
