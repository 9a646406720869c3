// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/svg_chart.h"
#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

// One picture with two captions; the second is found when it is reranked.
EvalOutput TwoStages() {
  EvalOutput output = {.set = "/sets/<b>.json", .model = "small", .precision = "fp32", .patches = "int8"};
  output.images = output.images_asked = 1;
  output.captions = output.captions_asked = 2;
  output.missing = {"<gone>.jpg: no such file"};
  for (const size_t depth : {0, 16}) {
    eval::StageResult stage = {.stage = {.depth = depth}};
    const bool reranked = depth > 0;
    const auto probability = reranked ? std::optional(0.75) : std::nullopt;
    stage.img = {{{.asked = 0,
                   .image = 0,
                   .coarse_rank = 0,
                   .rank = 0,
                   .logit_rank = 0,
                   .first_probability = probability,
                   .first_right = true,
                   .ms = 10,
                   .reranked = depth},
                  {.asked = 1,
                   .image = 0,
                   .coarse_rank = 6,
                   .rank = reranked ? 0U : 6U,
                   .logit_rank = 0,
                   .first_probability = probability,
                   .first_right = reranked,
                   .ms = 20,
                   .reranked = depth}}};
    stage.txt = {{{.asked = 0, .image = 0, .coarse_rank = 0, .rank = 0, .logit_rank = 0, .ms = 5}}};
    output.stages.push_back(std::move(stage));
  }
  auto rows = RowsOf(output.stages, "score");
  EXPECT_THAT(rows, IsOk());
  output.rows = *std::move(rows);
  return output;
}

TEST(EvalPageTest, ShowsChartsFiguresAndWhatIsMissing) {
  const std::string page = EvalPage(TwoStages());
  EXPECT_THAT(page, HasSubstr("Recall on &lt;b&gt;.json"));
  EXPECT_THAT(page, HasSubstr("<li>&lt;gone&gt;.jpg: no such file</li>"));
  EXPECT_THAT(page, HasSubstr("aria-label=\"Recall against rerank depth, text to picture\""));
  EXPECT_THAT(page, HasSubstr("aria-label=\"Mean recall against latency, picture to text\""));
  EXPECT_THAT(page, HasSubstr("exact, depth 16: 2 first hits, 1 bins; expected calibration error 0.250"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">rerank_16</th><td>100.00<small>"));
  EXPECT_THAT(page, HasSubstr("Text to picture: difference from coarse"));
  EXPECT_THAT(page, HasSubstr("<td>+50.00"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("http")));  // Nothing from elsewhere.
}

TEST(EvalPageTest, OfTheMatrixProtocolThereAreFiguresAlone) {
  EvalOutput output = TwoStages();
  output.stages.clear();
  output.rows = {{.name = "coarse"}, {.name = "k_test_16"}};
  output.rows[1].img.metrics.r1 = 12.5;
  const std::string page = EvalPage(output);
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">k_test_16</th><td>12.50</td>"));
  EXPECT_THAT(page, Not(HasSubstr("<svg")));
}

TEST(EvalRowsTest, TheCoarseStageIsTheOneThatReranksNothing) {
  const EvalOutput output = TwoStages();
  ASSERT_EQ(output.rows.size(), 2U);
  EXPECT_EQ(output.rows[0].name, "coarse");
  EXPECT_DOUBLE_EQ(output.rows[0].img.metrics.r1, 50);
  EXPECT_DOUBLE_EQ(output.rows[0].img.latency.p50_ms, 15);
  EXPECT_EQ(output.rows[1].name, "rerank_16");
  EXPECT_DOUBLE_EQ(output.rows[1].img.metrics.r1, 100);
  // Where every stage reranks, the exact index still knows the order of coarse scores, and a sealed one does not.
  std::vector<eval::StageResult> stages = {output.stages[1]};
  EXPECT_EQ(RowsOf(stages, "score")->size(), 2U);
  EXPECT_FALSE(RowsOf(stages, "score")->front().timed);
  stages[0].stage.kind = storage::IndexKind::kHnsw;
  ASSERT_EQ(RowsOf(stages, "score")->size(), 1U);
  EXPECT_EQ(RowsOf(stages, "score")->front().name, "hnsw_rerank_16");
  EXPECT_EQ(RowsOf(stages, "both")->size(), 2U);
}

TEST(RoundTicksTest, EncloseTheValues) {
  EXPECT_THAT(RoundTicks(0, 100, 5), ElementsAre(0, 20, 40, 60, 80, 100));
  EXPECT_THAT(RoundTicks(41.2, 42.1, 5),
              ElementsAre(::testing::DoubleNear(41.2, 1e-9), ::testing::DoubleNear(41.4, 1e-9),
                          ::testing::DoubleNear(41.6, 1e-9), ::testing::DoubleNear(41.8, 1e-9),
                          ::testing::DoubleNear(42.0, 1e-9), ::testing::DoubleNear(42.2, 1e-9)));
  EXPECT_GE(RoundTicks(5, 5, 5).size(), 2U);
}

}  // namespace
}  // namespace sightline::app
