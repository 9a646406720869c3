// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "tests/eval/fixture_reader.h"

namespace sightline::eval {
namespace {

// Every value of the reference's metric dictionary, on its own score matrices (fixture `metrics`).
TEST(MetricsParityTest, EqualTheReferenceOnEveryCase) {
  const FixtureReader fixture("metrics");
  const boost::json::value expected = fixture.Json("expected.json");
  const encoder::SafetensorsFile scores = fixture.Tensors("scores.safetensors");
  const boost::json::array& cases = expected.at("cases").as_array();
  ASSERT_EQ(cases.size(), 4U);
  for (const boost::json::value& entry : cases) {
    const std::string name(entry.at("name").as_string());
    const auto metrics = ComputeMetrics(FixtureReader::Matrix(scores, name + ".scores_i2t"),
                                        FixtureReader::Matrix(scores, name + ".scores_t2i"), TruthFrom(entry));
    ASSERT_THAT(metrics, testing::IsOk()) << name;
    EXPECT_EQ(entry.at("expected").as_object().size(), 9U) << name;
    for (const auto& [key, value] : entry.at("expected").as_object()) {
      EXPECT_NEAR(Named(*metrics, std::string(key)), value.to_number<double>(), 1e-9) << name << " " << key;
    }
  }
}

}  // namespace
}  // namespace sightline::eval
