// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/fast_layers_internal.h"

#include <algorithm>
#include <vector>

#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include "encoder/runtime/packed_linear_internal.h"

namespace sightline::encoder {
namespace {

at::Tensor SplitHeads(const at::Tensor& x, int64_t heads) {
  return x.unflatten(2, {heads, x.size(2) / heads}).transpose(1, 2);
}

// Note [Attention kernels]
// Measured with LibTorch 2.13, one thread of a Zen 5, 197 tokens, heads of 64: in bf16 the fused CPU kernel takes 1.5
// to 1.8 times as long as the plain operations; in fp32 it takes 0.7 to 1 times as long. The plain operations are run
// in steps whose scores stay in the cache: with 577 tokens, a batch of 4 at once takes 1.7 times as long as one by one.
// On a GPU the fused kernels win in either type.
bool UseFusedKernel(const at::Tensor& q) { return q.is_cuda() || q.scalar_type() == at::kFloat; }

constexpr int64_t kScoresPerStep = int64_t{1} << 22;

/// q (B, H, Lq, d), k and v (B, H, Lk, d) -> (B, H, Lq, d).
at::Tensor PlainAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias) {
  at::Tensor scores = at::matmul(q, k.transpose(2, 3));
  if (bias.defined()) scores.add_(bias);
  return at::matmul(scores.softmax(-1), v);
}

at::Tensor PlainAttentionInSteps(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                 const at::Tensor& bias) {
  const int64_t batch = q.size(0);
  const int64_t step = std::max<int64_t>(1, kScoresPerStep / (q.size(1) * q.size(2) * k.size(2)));
  if (step >= batch) return PlainAttention(q, k, v, bias);
  std::vector<at::Tensor> parts;
  for (int64_t begin = 0; begin < batch; begin += step) {
    const int64_t end = std::min(begin + step, batch);
    parts.push_back(PlainAttention(q.slice(0, begin, end), k.slice(0, begin, end), v.slice(0, begin, end), bias));
  }
  return at::cat(parts);
}

}  // namespace

FastLinear::FastLinear(const at::Tensor& weight, const at::Tensor& bias, const Placement& placement)
    : weight_(placement.Put(weight)), packed_(placement.device.is_cpu() && CanPack(placement.dtype)) {
  if (packed_) weight_ = PackWeight(weight_);
  if (bias.defined()) bias_ = placement.Put(bias);
}

at::Tensor FastLinear::operator()(const at::Tensor& x) const {
  return packed_ ? PackedLinear(x, weight_, bias_, /*gelu=*/false) : at::linear(x, weight_, bias_);
}

at::Tensor FastLinear::Gelu(const at::Tensor& x) const {
  return packed_ ? PackedLinear(x, weight_, bias_, /*gelu=*/true) : at::gelu(at::linear(x, weight_, bias_));
}

at::Tensor FastLinear::Plus(const at::Tensor& x, const at::Tensor& residual) const {
  return packed_ ? PackedLinearPlus(x, weight_, bias_, residual) : at::linear(x, weight_, bias_).add_(residual);
}

FastNorm::FastNorm(const WeightScope& scope, double eps, const Placement& placement)
    : weight_(placement.Put(scope["weight"])), bias_(placement.Put(scope["bias"])), eps_(eps) {}

at::Tensor FastNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, {x.size(-1)}, weight_, bias_, eps_);
}

at::Tensor FastAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t heads,
                         const at::Tensor& bias) {
  const at::Tensor q_heads = SplitHeads(q, heads);
  const at::Tensor k_heads = SplitHeads(k, heads);
  const at::Tensor v_heads = SplitHeads(v, heads);
  at::Tensor mixed;
  if (UseFusedKernel(q)) {
    const std::optional<at::Tensor> mask = bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt;
    mixed = at::scaled_dot_product_attention(q_heads, k_heads, v_heads, mask, 0.0, false, 1.0);
  } else {
    mixed = PlainAttentionInSteps(q_heads, k_heads, v_heads, bias);
  }
  return mixed.transpose(1, 2).reshape(q.sizes());
}

}  // namespace sightline::encoder
