// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/fast_model_internal.h"

#include <string>
#include <utility>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "encoder/model/plain_model_internal.h"
#include "encoder/runtime/match_requests_internal.h"
#include "encoder/runtime/tensors_internal.h"
#include "tests/encoder/support/tensor_fixtures.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using testing::FixtureModel;
using testing::ImportFixture;
using testing::IsCloseTo;
using testing::IsOk;
using testing::LargestValue;
using testing::ReadTensors;
using testing::TestData;

constexpr double kTolerance = 1e-4;
const Placement kFp32{at::kCPU, at::kFloat};

FastModel MakeFast(const FixtureModel& fixture) { return FastModel(fixture.config, fixture.weights, kFp32); }

/// The tokens of text `i` without padding, (1, L).
at::Tensor Unpadded(const NamedTensors& inputs, int64_t i, const std::string& prefix = "") {
  const int64_t length = inputs.at(prefix + "text_mask")[i].sum().item<int64_t>();
  return inputs.at(prefix + "text_ids").slice(0, i, i + 1).slice(1, 0, length);
}

/// Every text's states, without padding.
std::vector<at::Tensor> TextStates(const FastModel& model, const NamedTensors& inputs, const std::string& prefix = "") {
  std::vector<at::Tensor> states;
  for (int64_t i = 0; i < inputs.at(prefix + "text_ids").size(0); ++i) {
    states.push_back(model.Text(Unpadded(inputs, i, prefix)));
  }
  return states;
}

at::Tensor TextEmbeddings(const FastModel& model, const std::vector<at::Tensor>& states) {
  std::vector<at::Tensor> rows;
  for (const at::Tensor& text : states) rows.push_back(model.TextEmbedding(text)[0]);
  return at::stack(rows);
}

std::vector<TokenMatrix> Matrices(const at::Tensor& tokens) {
  std::vector<TokenMatrix> matrices;
  for (int64_t i = 0; i < tokens.size(0); ++i) {
    matrices.push_back(ToTokenMatrix(tokens[i].to(at::kFloat).contiguous(), TokenFormat::kFp32));
  }
  return matrices;
}

/// Match logits of every picture with every text, (pictures, texts), as requests of the encoder.
at::Tensor MatchAll(const FastModel& model, const ModelConfig& config, const at::Tensor& patches,
                    const std::vector<at::Tensor>& states) {
  const std::vector<TokenMatrix> pictures = Matrices(patches);
  std::vector<const TokenMatrix*> candidates;
  for (const TokenMatrix& picture : pictures) candidates.push_back(&picture);
  std::vector<TokenMatrix> texts;
  for (const at::Tensor& text : states) texts.push_back(Matrices(text).front());
  std::vector<MatchRequest> requests;
  for (const TokenMatrix& text : texts) requests.push_back({&text, candidates, {}});
  const at::Tensor logits = at::zeros({patches.size(0), static_cast<int64_t>(states.size())});
  const auto results = RunMatchRequests(model, config, requests);
  for (size_t t = 0; t < results.size(); ++t) {
    EXPECT_THAT(results[t], IsOk());
    for (size_t p = 0; results[t] && p < pictures.size(); ++p) {
      logits[static_cast<int64_t>(p)][static_cast<int64_t>(t)] = (*results[t])[p];
    }
  }
  return logits;
}

/// Compares everything that the fast form gives with the fixture's values below `prefix`. Tolerances are `relative`
/// to the largest value of a tensor, or absolute.
void ExpectFixtureValues(const FixtureModel& fixture, const NamedTensors& inputs, const std::string& image,
                         const std::string& text_prefix, const NamedTensors& expected, const std::string& prefix,
                         bool relative = false) {
  const c10::InferenceMode inference;
  const FastModel model = MakeFast(fixture);
  const auto tolerance = [&](const at::Tensor& value) {
    return relative ? kTolerance * LargestValue(value) : kTolerance;
  };
  const auto expect = [&](const std::string& name, const at::Tensor& output) {
    const at::Tensor& value = expected.at(prefix + name);
    EXPECT_THAT(output, IsCloseTo(value, tolerance(value))) << prefix << name;
  };
  const at::Tensor patches = model.Vision(inputs.at(image));
  const std::vector<at::Tensor> states = TextStates(model, inputs, text_prefix);
  expect("vision_tokens", patches);
  expect("image_feat", model.ImageEmbedding(patches));
  const at::Tensor& tokens = expected.at(prefix + "text_tokens");
  for (size_t i = 0; i < states.size(); ++i) {
    const at::Tensor rows = tokens[static_cast<int64_t>(i)].slice(0, 0, states[i].size(1));
    EXPECT_THAT(states[i][0], IsCloseTo(rows, tolerance(tokens))) << prefix << "text_tokens " << i;
  }
  const at::Tensor embeddings = TextEmbeddings(model, states);
  expect("text_feat", embeddings);
  expect("itc", at::matmul(model.ImageEmbedding(patches), embeddings.t()));
  const at::Tensor logits = expected.at(prefix + "itm_logits").select(2, 1);
  EXPECT_THAT(MatchAll(model, fixture.config, patches, states), IsCloseTo(logits, tolerance(logits)));
}

TEST(FastModelParityTest, RetrievalTinyEqualsTheReference) {
  ExpectFixtureValues(ImportFixture("retrieval_tiny/model.th"),
                      ReadTensors(TestData("retrieval_tiny/inputs.safetensors")), "image", "",
                      ReadTensors(TestData("retrieval_tiny/expected.safetensors")), "");
}

TEST(FastModelParityTest, PretrainTinyEqualsTheReferenceAtEveryResolution) {
  const NamedTensors inputs = ReadTensors(TestData("pretrain_tiny/inputs.safetensors"));
  const NamedTensors expected = ReadTensors(TestData("pretrain_tiny/expected.safetensors"));
  for (const auto& [from, to] : {std::pair("64", "96"), std::pair("96", "64"), std::pair("64", "64")}) {
    const FixtureModel fixture = ImportFixture(std::string("pretrain_tiny/pretrain_") + from + ".th", std::stoi(to));
    ExpectFixtureValues(fixture, inputs, std::string("image_") + to, "", expected,
                        std::string(from) + "_to_" + to + ".");
  }
}

TEST(FastModelParityTest, EpsilonsAreRightInBothVariants) {
  const NamedTensors inputs = ReadTensors(TestData("eps_probe/inputs.safetensors"));
  const NamedTensors expected = ReadTensors(TestData("eps_probe/expected.safetensors"));
  ExpectFixtureValues(ImportFixture("eps_probe/standard.th"), inputs, "image", "", expected, "standard.", true);
  ExpectFixtureValues(ImportFixture("eps_probe/plus.th"), inputs, "image", "plus_", expected, "plus.", true);
}

/// Keeps the `k` scores of each row whose similarity is largest; -100 elsewhere (x2vlm-spec section 9.2).
at::Tensor KeepBest(const at::Tensor& scores, const at::Tensor& similarity, int64_t k) {
  const at::Tensor best = std::get<1>(similarity.topk(k, 1));
  return at::full(scores.sizes(), -100.0).scatter(1, best, scores.gather(1, best));
}

TEST(RetrievalGridParityTest, SimilarityAndScoreMatricesEqualTheReference) {
  const c10::InferenceMode inference;
  const FixtureModel fixture = ImportFixture("retrieval_tiny/model.th");
  const FastModel model = MakeFast(fixture);
  const NamedTensors inputs = ReadTensors(TestData("retrieval_grid/inputs.safetensors"));
  const NamedTensors expected = ReadTensors(TestData("retrieval_grid/expected.safetensors"));
  const at::Tensor patches = model.Vision(inputs.at("image"));
  const std::vector<at::Tensor> states = TextStates(model, inputs);
  const at::Tensor similarity = at::matmul(model.ImageEmbedding(patches), TextEmbeddings(model, states).t());
  EXPECT_THAT(similarity, IsCloseTo(expected.at("similarity"), kTolerance));
  const at::Tensor logits = MatchAll(model, fixture.config, patches, states);
  for (int64_t k : {5, 10}) {
    const std::string suffix = "_k" + std::to_string(k);
    EXPECT_THAT(KeepBest(logits, similarity, k), IsCloseTo(expected.at("scores_i2t" + suffix), kTolerance)) << k;
    EXPECT_THAT(KeepBest(logits.t(), similarity.t(), k), IsCloseTo(expected.at("scores_t2i" + suffix), kTolerance))
        << k;
  }
}

/// The small model in both forms, and inputs for it.
class SmallModelFormsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    at::manual_seed(7);
    fixture_ = new FixtureModel(testing::LoadModel(testing::SourceTree("models/sightline-small")));
    plain_ = new PlainModel(fixture_->config, fixture_->weights);
    fast_ = new FastModel(fixture_->config, fixture_->weights, kFp32);
  }
  static void TearDownTestSuite() {
    delete fast_;
    delete plain_;
    delete fixture_;
  }

  static at::Tensor Ids(int64_t length) { return at::randint(1000, 30000, {1, length}, at::kLong); }
  static at::Tensor Pixels(int64_t count) { return at::rand({count, 3, 196, 196}) * 4.0 - 2.0; }

  /// Match logits of `model` for one text, padded as the reference pads, and many patches.
  static at::Tensor PlainLogits(const PlainModel& model, const at::Tensor& ids, const at::Tensor& patches) {
    constexpr int64_t kPadded = 40;
    const at::Tensor padded = at::zeros({1, kPadded}, at::kLong);
    padded.slice(1, 0, ids.size(1)).copy_(ids);
    const at::Tensor mask = at::zeros_like(padded);
    mask.slice(1, 0, ids.size(1)).fill_(1);
    const int64_t pairs = patches.size(0);
    const at::Tensor states = model.Text(padded, mask).repeat({pairs, 1, 1});
    return model.MatchLogits(model.Fusion(states, mask.repeat({pairs, 1}), patches)).select(1, 1);
  }

  static at::Tensor FastLogits(const FastModel& model, const at::Tensor& ids, const at::Tensor& patches) {
    return model.MatchLogits(model.fusion().Run(model.fusion().Prepare(model.Text(ids)), {}, patches));
  }

  const c10::InferenceMode inference_;
  static inline FixtureModel* fixture_ = nullptr;
  static inline PlainModel* plain_ = nullptr;
  static inline FastModel* fast_ = nullptr;
};

TEST_F(SmallModelFormsTest, FoldedVisionTowerEqualsThePlainOne) {
  const at::Tensor pixels = Pixels(3);
  const at::Tensor plain = plain_->Vision(pixels);
  const at::Tensor fast = fast_->Vision(pixels);
  EXPECT_THAT(fast, IsCloseTo(plain, kTolerance));
  EXPECT_THAT(fast_->ImageEmbedding(fast), IsCloseTo(plain_->ImageEmbedding(plain), 1e-5));
}

TEST_F(SmallModelFormsTest, UnpaddedTextEqualsThePaddedOne) {
  for (int64_t length : {3, 9, 40}) {
    const at::Tensor ids = Ids(length);
    const at::Tensor padded = at::zeros({1, 40}, at::kLong);
    padded.slice(1, 0, length).copy_(ids);
    const at::Tensor mask = at::zeros_like(padded);
    mask.slice(1, 0, length).fill_(1);
    EXPECT_THAT(fast_->Text(ids), IsCloseTo(plain_->Text(padded, mask).slice(1, 0, length), kTolerance)) << length;
  }
}

TEST_F(SmallModelFormsTest, BothCrossAttentionFormsAreInUse) {
  const BertShape shape{384, 12, 1e-12};
  const FastCrossAttention attention(shape, fixture_->config.vision,
                                     WeightScope(fixture_->weights, "text_encoder.encoder.layer.7.crossattention."),
                                     kFp32);
  EXPECT_TRUE(attention.MakeQueries(at::randn({1, 12, 384}), false).absorbed);
  EXPECT_FALSE(attention.MakeQueries(at::randn({1, 40, 384}), false).absorbed);
  EXPECT_TRUE(attention.MakeQueries(at::randn({8, 12, 384}), false).absorbed);
  EXPECT_FALSE(attention.MakeQueries(at::randn({8, 12, 384}), true).absorbed);
}

// Note [Logits of the small model]
// The small model's first fusion layer amplifies small differences: its fp32 logits, from the plain form as from
// PyTorch, differ by up to 4e-3 from those of the same formulas in fp64. So the two forms are compared in fp64, where
// only a real difference could show, and in fp32 with the noise that the model has.
TEST_F(SmallModelFormsTest, SavingsDoNotChangeTheLogits) {
  NamedTensors doubles;
  for (const auto& [name, value] : fixture_->weights) doubles[name] = value.to(at::kDouble);
  const PlainModel plain(fixture_->config, doubles);
  const FastModel fast(fixture_->config, doubles, {at::kCPU, at::kDouble});
  const at::Tensor patches = fast_->Vision(Pixels(3));
  for (int64_t length : {3, 12, 40}) {  // absorbed twice, then projected keys and values
    const at::Tensor ids = Ids(length);
    const at::Tensor exact = PlainLogits(plain, ids, patches.to(at::kDouble));
    EXPECT_THAT(FastLogits(fast, ids, patches.to(at::kDouble)), IsCloseTo(exact, 1e-5)) << length;
    EXPECT_THAT(FastLogits(*fast_, ids, patches), IsCloseTo(exact, 1e-2)) << length;
  }
}

TEST_F(SmallModelFormsTest, TextsOfOneLengthShareABatch) {
  const at::Tensor patches = fast_->Vision(Pixels(4));
  const at::Tensor states = fast_->Text(at::randint(1000, 30000, {2, 7}, at::kLong));
  const PreparedTexts texts = fast_->fusion().Prepare(states);
  const at::Tensor together =
      fast_->MatchLogits(fast_->fusion().Run(texts, at::tensor({1, 0, 0, 1}, at::kLong), patches));
  const auto alone = [&](int64_t text) {
    const PreparedTexts prepared = fast_->fusion().Prepare(states.slice(0, text, text + 1));
    return fast_->MatchLogits(fast_->fusion().Run(prepared, {}, patches));
  };
  const at::Tensor first = alone(0);
  const at::Tensor second = alone(1);
  EXPECT_THAT(together, IsCloseTo(at::stack({second[0], first[1], first[2], second[3]}), 1e-2));
}

// In fp64, see Note [Logits of the small model].
TEST_F(SmallModelFormsTest, TextsThatShareOnePatchMatrixHaveTheSameLogits) {
  NamedTensors doubles;
  for (const auto& [name, value] : fixture_->weights) doubles[name] = value.to(at::kDouble);
  const FastModel fast(fixture_->config, doubles, {at::kCPU, at::kDouble});
  const at::Tensor patches = fast_->Vision(Pixels(1)).to(at::kDouble);
  for (const auto& [texts, length] : std::vector<std::pair<int64_t, int64_t>>{{2, 3}, {5, 12}, {3, 40}}) {
    const at::Tensor states = fast_->Text(at::randint(1000, 30000, {texts, length}, at::kLong)).to(at::kDouble);
    const at::Tensor each = at::arange(texts, at::kLong);
    const at::Tensor shared = fast.MatchLogits(fast.fusion().Run(fast.fusion().Prepare(states, true), each, patches));
    const at::Tensor own =
        fast.MatchLogits(fast.fusion().Run(fast.fusion().Prepare(states), each, patches.repeat({texts, 1, 1})));
    EXPECT_THAT(shared, IsCloseTo(own, 1e-9)) << texts << " texts of " << length;
  }
}

TEST_F(SmallModelFormsTest, RoundedFusionIsRefused) {
  const FastModel rounded(fixture_->config, fixture_->weights, {at::kCPU, at::kBFloat16});
  EXPECT_EQ(rounded.placement().dtype, at::kBFloat16);
  EXPECT_EQ(rounded.fusion_placement().dtype, at::kFloat);
}

TEST(FastModelTest, RobustFusionRunsInBf16) {
  const c10::InferenceMode inference;
  const FixtureModel fixture = ImportFixture("retrieval_tiny/model.th");
  const FastModel rounded(fixture.config, fixture.weights, {at::kCPU, at::kBFloat16});
  EXPECT_EQ(rounded.fusion_placement().dtype, at::kBFloat16);
  const NamedTensors inputs = ReadTensors(TestData("retrieval_tiny/inputs.safetensors"));
  const NamedTensors expected = ReadTensors(TestData("retrieval_tiny/expected.safetensors"));
  const at::Tensor patches = rounded.Vision(inputs.at("image").to(at::kBFloat16));
  const at::Tensor logits = MatchAll(rounded, fixture.config, patches, TextStates(rounded, inputs));
  EXPECT_THAT(logits, IsCloseTo(expected.at("itm_logits").select(2, 1), 0.1));
}

TEST(FastModelTest, OneFusionLayerIsBothFirstAndLast) {
  const c10::InferenceMode inference;
  FixtureModel fixture = ImportFixture("retrieval_tiny/model.th");
  fixture.config.text.layers = fixture.config.text.fusion_at + 1;
  const NamedTensors inputs = ReadTensors(TestData("retrieval_tiny/inputs.safetensors"));
  const PlainModel plain(fixture.config, fixture.weights);
  const FastModel fast = MakeFast(fixture);
  const at::Tensor patches = plain.Vision(inputs.at("image"));
  const at::Tensor ids = Unpadded(inputs, 1);
  const at::Tensor mask = at::ones({3, ids.size(1)}, at::kLong);
  const at::Tensor states = plain.Text(ids.repeat({3, 1}), mask);
  const at::Tensor expected = plain.MatchLogits(plain.Fusion(states, mask, patches)).select(1, 1);
  const PreparedTexts prepared = fast.fusion().Prepare(fast.Text(ids));
  EXPECT_THAT(fast.MatchLogits(fast.fusion().Run(prepared, {}, patches)), IsCloseTo(expected, kTolerance));
}

}  // namespace
}  // namespace sightline::encoder
