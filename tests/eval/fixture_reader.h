// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "encoder/files/safetensors.h"
#include "eval/metrics.h"
#include "tests/support/test_support.h"

namespace sightline::eval {

/// One fixture folder under tests/data.
class FixtureReader {
 public:
  explicit FixtureReader(std::string folder) : folder_(std::move(folder)) {}

  boost::json::value Json(std::string_view name) const {
    return boost::json::parse(testing::ReadTestFile(testing::TestData(folder_) / name));
  }

  encoder::SafetensorsFile Tensors(std::string_view name) const {
    auto file = encoder::SafetensorsFile::Open(testing::TestData(folder_) / name);
    EXPECT_THAT(file, testing::IsOk());
    return *std::move(file);
  }

  static ScoreMatrix Matrix(const encoder::SafetensorsFile& file, std::string_view name) {
    const encoder::TensorView* view = file.Find(name);
    EXPECT_NE(view, nullptr) << name;
    const auto rows = static_cast<size_t>(view->shape.at(0));
    const auto columns = static_cast<size_t>(view->shape.at(1));
    std::vector<float> values(rows * columns);
    EXPECT_THAT(file.ReadFloats(name, values), testing::IsOk());
    return ScoreMatrix(rows, columns, std::move(values));
  }

 private:
  std::string folder_;
};

inline GroundTruth TruthFrom(const boost::json::value& json) {
  return {.img2txt = boost::json::value_to<std::vector<std::vector<size_t>>>(json.at("img2txt")),
          .txt2img = boost::json::value_to<std::vector<size_t>>(json.at("txt2img"))};
}

/// The value that the reference's dictionary calls `name`.
inline double Named(const RetrievalMetrics& metrics, std::string_view name) {
  if (name == "r_mean") return metrics.r_mean();
  const RankMetrics& recall = name.substr(0, 3) == "txt" ? metrics.txt : metrics.img;
  const std::string_view rest = name.substr(4);
  if (rest == "r1") return recall.r1;
  if (rest == "r5") return recall.r5;
  if (rest == "r10") return recall.r10;
  EXPECT_EQ(rest, "r_mean");
  return recall.recall_mean();
}

}  // namespace sightline::eval
