// SPDX-License-Identifier: BSD-3-Clause
// Speed of the fast inference form against the plain form, in one run on one machine.
//
// usage: encoder_bench MODEL_DIR|--random-base [threads] [seconds per measurement]
//
// With one thread (the default) times are CPU times, so that other work on the machine disturbs little.
// --random-base: a base model at 224 px with random weights, for speeds of the published sizes.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include "encoder/files/model_directory.h"
#include "encoder/files/weights.h"
#include "encoder/model/plain_model_internal.h"
#include "encoder/runtime/fast_model_internal.h"
#include "encoder/runtime/match_requests_internal.h"
#include "encoder/runtime/tensors_internal.h"

namespace sightline::encoder {
namespace {

double seconds_per_measurement = 1.5;

/// Something to time: `body` does `items` items of work.
struct Case {
  std::string name;
  double items = 1;
  std::function<void()> body;
  double best_seconds = 1e9;  ///< Per call of `body`.
};

/// CPU seconds of the process: with one thread, what the wall clock would show on a quiet machine.
double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double SecondsOf(const std::function<void()>& body) {
  const auto clock = at::get_num_threads() == 1 ? CpuSeconds : WallSeconds;
  const double start = clock();
  body();
  return clock() - start;
}

/// Times the cases in turn, again and again, so that a disturbance of the machine hits all of them; takes the best.
void Measure(std::vector<Case>& cases) {
  for (Case& c : cases) c.body();
  double spent = 0;
  while (spent < seconds_per_measurement * static_cast<double>(cases.size())) {
    for (Case& c : cases) {
      const double seconds = SecondsOf(c.body);
      c.best_seconds = std::min(c.best_seconds, seconds);
      spent += seconds;
    }
  }
}

/// The first case is what the others are compared with.
void Print(const char* title, std::vector<Case> cases) {
  Measure(cases);
  std::printf("\n%s\n", title);
  const double reference = cases.front().best_seconds / cases.front().items;
  for (const Case& c : cases) {
    const double per_item = c.best_seconds / c.items;
    std::printf("  %-50s %9.2f ms   %9.3f ms each   %8.1f /s   %5.2fx\n", c.name.c_str(), 1e3 * c.best_seconds,
                1e3 * per_item, 1 / per_item, reference / per_item);
  }
}

struct Models {
  ModelConfig config;
  PlainModel plain;
  FastModel fp32;
  FastModel bf16;
};

NamedTensors RandomWeights(const ModelConfig& config) {
  NamedTensors weights;
  const auto specs = ExpectedWeights(config);
  if (!specs) std::exit(4);
  for (const WeightSpec& spec : *specs) {
    const at::Tensor noise = at::randn(spec.shape) * 0.03;
    weights.emplace(spec.name, spec.name.find("orm") != std::string::npos ? noise + 1.0 : noise);
  }
  return weights;
}

void BenchVision(const Models& m) {
  const int64_t res = m.config.vision.image_res;
  const auto pixels = [&](int64_t batch) { return at::randn({batch, 3, res, res}); };
  std::vector<Case> cases = {{"plain fp32, batch 8", 8, [&m, x = pixels(8)] { m.plain.Vision(x); }}};
  for (int64_t batch : {1, 4, 8, 16}) {
    const std::string suffix = ", batch " + std::to_string(batch);
    const auto items = static_cast<double>(batch);
    cases.push_back({"fast fp32" + suffix, items, [&m, x = pixels(batch)] { m.fp32.Vision(x); }});
    cases.push_back({"fast bf16" + suffix, items, [&m, x = pixels(batch).to(at::kBFloat16)] { m.bf16.Vision(x); }});
  }
  Print("pictures", std::move(cases));
}

void BenchText(const Models& m) {
  const auto ids = [&](int64_t batch, int64_t length) {
    return at::randint(999, m.config.text.vocab_size, {batch, length}, at::kLong);
  };
  const int64_t padded = m.config.tokenizer.max_tokens;
  std::vector<Case> cases = {
      {"plain fp32, padded to " + std::to_string(padded), 1,
       [&m, x = ids(1, padded), mask = at::ones({1, padded}, at::kLong)] { m.plain.Text(x, mask); }}};
  for (int64_t length : {8, 12}) {
    for (int64_t batch : {1, 32}) {
      const std::string suffix = ", " + std::to_string(length) + " tokens, batch " + std::to_string(batch);
      const auto items = static_cast<double>(batch);
      cases.push_back({"fast fp32" + suffix, items, [&m, x = ids(batch, length)] { m.fp32.Text(x); }});
      cases.push_back({"fast bf16" + suffix, items, [&m, x = ids(batch, length)] { m.bf16.Text(x); }});
    }
  }
  Print("texts", std::move(cases));
}

void RunPlainFusion(const PlainModel& model, const at::Tensor& states, const at::Tensor& mask,
                    const at::Tensor& patches) {
  const at::Tensor text = states.expand({patches.size(0), states.size(1), states.size(2)});
  model.MatchLogits(model.Fusion(text, mask.expand({patches.size(0), mask.size(1)}), patches));
}

void RunFastFusion(const FastModel& model, const at::Tensor& states, const at::Tensor& patches) {
  constexpr int64_t kPairsPerChunk = 16;
  const PreparedTexts prepared = model.fusion().Prepare(states);
  for (int64_t begin = 0; begin < patches.size(0); begin += kPairsPerChunk) {
    const at::Tensor part = patches.slice(0, begin, std::min(begin + kPairsPerChunk, patches.size(0)));
    model.MatchLogits(model.fusion().Run(prepared, {}, part));
  }
}

void BenchMatch(const Models& m) {
  const int64_t padded = m.config.tokenizer.max_tokens;
  const auto patches = [&](int64_t count) {
    return at::randn({count, m.config.vision.tokens(), m.config.vision.width});
  };
  const auto states = [&](int64_t length) { return at::randn({1, length, m.config.text.width}); };
  std::vector<Case> cases = {{"plain fp32, 32 pairs, padded to " + std::to_string(padded), 32,
                              [&m, s = states(padded), mask = at::ones({1, padded}, at::kLong), p = patches(32)] {
                                RunPlainFusion(m.plain, s, mask, p);
                              }}};
  const auto add = [&](int64_t count, int64_t length) {
    const std::string suffix = ", " + std::to_string(count) + " pairs, " + std::to_string(length) + " tokens";
    const at::Tensor p = patches(count);
    const at::Tensor s = states(length);
    const auto items = static_cast<double>(count);
    cases.push_back({"fast fp32" + suffix, items, [&m, s, p] { RunFastFusion(m.fp32, s, p); }});
    const at::ScalarType dtype = m.bf16.fusion_placement().dtype;
    const std::string name = dtype == at::kFloat ? "fast bf16 (fusion in fp32)" : "fast bf16";
    cases.push_back({name + suffix, items, [&m, s = s.to(dtype), p = p.to(dtype)] { RunFastFusion(m.bf16, s, p); }});
  };
  for (int64_t length : {8, 12, 20, 32}) add(32, length);
  for (int64_t count : {64, 128}) add(count, 12);
  Print("matching", std::move(cases));
}

/// A picture against texts of the lengths that captions have: with a copy of its patches for each, as pairs of
/// different pictures would be, and with one matrix for all.
void BenchSharedPatches(const Models& m) {
  constexpr size_t kTexts = 64;
  const auto matrix = [](int64_t rows, int64_t width) {
    const at::Tensor values = at::randn({rows, width});
    return MakeTokenMatrix({values.data_ptr<float>(), static_cast<size_t>(values.numel())}, static_cast<uint32_t>(rows),
                           static_cast<uint32_t>(width), TokenFormat::kFp32);
  };
  std::vector<TokenMatrix> texts;
  for (size_t i = 0; i < kTexts; ++i) texts.push_back(matrix(8 + static_cast<int64_t>(i % 13), m.config.text.width));
  const std::vector<TokenMatrix> copies(kTexts, matrix(m.config.vision.tokens(), m.config.vision.width));
  std::vector<const TokenMatrix*> pointers;
  for (const TokenMatrix& copy : copies) pointers.push_back(&copy);
  std::vector<MatchRequest> own;
  std::vector<MatchRequest> shared;
  for (size_t i = 0; i < kTexts; ++i) {
    own.push_back({&texts[i], std::span(&pointers[i], 1), {}});
    shared.push_back({&texts[i], std::span(pointers.data(), 1), {}});
  }
  const auto items = static_cast<double>(kTexts);
  Print("a picture against 64 texts of 8 to 20 tokens",
        {{"fast fp32, patches for each", items, [&] { RunMatchRequests(m.fp32, m.config, own); }},
         {"fast fp32, one patch matrix", items, [&] { RunMatchRequests(m.fp32, m.config, shared); }}});
}

Models MakeModels(const ModelConfig& config, const NamedTensors& weights) {
  return {config, PlainModel(config, weights), FastModel(config, weights, {at::kCPU, at::kFloat}),
          FastModel(config, weights, {at::kCPU, at::kBFloat16})};
}

Result<Models> LoadModels(const std::string& name) {
  if (name == "--random-base") {
    const ModelConfig config;
    return MakeModels(config, RandomWeights(config));
  }
  SL_ASSIGN_OR_RETURN(const ModelDirectory directory, ModelDirectory::Open(name));
  SL_ASSIGN_OR_RETURN(const NamedTensors weights, LoadWeights(directory));
  return MakeModels(directory.config(), weights);
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: encoder_bench MODEL_DIR|--random-base [threads] [seconds per measurement]\n");
    return 2;
  }
  at::set_num_threads(argc > 2 ? std::atoi(argv[2]) : 1);
  if (argc > 3) seconds_per_measurement = std::atof(argv[3]);
  const c10::InferenceMode inference;
  const auto models = LoadModels(argv[1]);
  if (!models) {
    std::fprintf(stderr, "%s\n", models.error().message.c_str());
    return 4;
  }
  std::printf("threads: %d\n", at::get_num_threads());
  BenchVision(*models);
  BenchText(*models);
  BenchMatch(*models);
  BenchSharedPatches(*models);
  return 0;
}

}  // namespace
}  // namespace sightline::encoder

int main(int argc, char** argv) { return sightline::encoder::Main(argc, argv); }
