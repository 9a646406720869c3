// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/fast_cross_attention_internal.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/mv.h>

namespace sightline::encoder {
namespace {

/// The text length up to which absorbing is faster. In multiply-adds the two forms are equal where
/// N D C (keys and values) + L N C (scores) = L (H N D (scores) + D C (maps)); per multiply-add the many small products
/// of the absorbed form are slower in fp32 than the one big product of the other (measured with N 197, D 384, H 12, one
/// thread of a Zen 5: equal times at L 21 in fp32 and 30 in bf16, where the multiply-adds say 29).
int64_t BreakEvenLength(const BertShape& shape, const VisionConfig& vision, const Placement& placement) {
  const double patches = vision.tokens();
  const double patch_width = vision.width;
  const double width = static_cast<double>(shape.width);
  const double per_token =
      static_cast<double>(shape.heads) * patches * patch_width + patch_width * width - patches * width;
  const double relative_speed = placement.dtype == at::kBFloat16 ? 1.0 : 0.7;
  return static_cast<int64_t>(relative_speed * patches * patch_width * width / per_token);
}

}  // namespace

FastCrossAttention::FastCrossAttention(const BertShape& shape, const VisionConfig& vision, const WeightScope& scope,
                                       const Placement& placement)
    : shape_(shape), absorb_up_to_(BreakEvenLength(shape, vision, placement)) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(shape.head_width()));
  const WeightScope self = scope.Scope("self.");
  query_ = FastLinear(self["query.weight"] * scale, self["query.bias"] * scale, placement);
  const at::Tensor& key = self["key.weight"];
  const at::Tensor& value = self["value.weight"];
  key_value_ = FastLinear(at::cat({key, value}), {}, placement);
  key_absorb_ = placement.Put(key.unflatten(0, {shape.heads, shape.head_width()}));
  value_absorb_ = placement.Put(value.unflatten(0, {shape.heads, shape.head_width()}).transpose(1, 2));
  const at::Tensor& output = scope["output.dense.weight"];
  output_ = FastLinear(output, scope["output.dense.bias"] + at::mv(output, self["value.bias"]), placement);
  norm_ = FastNorm(scope.Scope("output.LayerNorm."), shape.norm_eps, placement);
}

CrossQueries FastCrossAttention::MakeQueries(const at::Tensor& x, bool shares_patches) const {
  const at::Tensor queries = query_(x);
  const int64_t length = x.size(1);
  const int64_t length_per_matrix = shares_patches ? x.size(0) * length : length;
  if (length_per_matrix > absorb_up_to_) return {false, queries};
  const at::Tensor by_head = queries.reshape({-1, shape_.heads, shape_.head_width()}).transpose(0, 1);
  const at::Tensor absorbed = at::bmm(by_head, key_absorb_).transpose(0, 1);
  return {true, absorbed.reshape({x.size(0), length * shape_.heads, -1})};
}

at::Tensor FastCrossAttention::MixAbsorbed(const at::Tensor& rows, const at::Tensor& patches) const {
  const at::Tensor weights = at::bmm(rows, patches.transpose(1, 2)).softmax(-1);
  const at::Tensor mixed = at::bmm(weights, patches);
  const at::Tensor by_head = mixed.reshape({-1, shape_.heads, patches.size(2)}).transpose(0, 1);
  const int64_t length = rows.size(1) / shape_.heads;
  return at::bmm(by_head, value_absorb_).transpose(0, 1).reshape({rows.size(0), length, shape_.width});
}

at::Tensor FastCrossAttention::MixProjected(const at::Tensor& rows, const at::Tensor& patches) const {
  const auto parts = key_value_(patches).split(shape_.width, 2);
  return FastAttention(rows, parts[0], parts[1], shape_.heads, {});
}

at::Tensor FastCrossAttention::Mix(const CrossQueries& queries, const at::Tensor& patches) const {
  return queries.absorbed ? MixAbsorbed(queries.rows, patches) : MixProjected(queries.rows, patches);
}

at::Tensor FastCrossAttention::Run(const at::Tensor& x, const CrossQueries& queries, const at::Tensor& patches) const {
  if (patches.size(0) == x.size(0)) return norm_(output_.Plus(Mix(queries, patches), x));
  // No query looks at another, so those of all texts may stand in one row.
  const CrossQueries row = {queries.absorbed, queries.rows.flatten(0, 1).unsqueeze(0)};
  return norm_(output_.Plus(Mix(row, patches).reshape(x.sizes()), x));
}

}  // namespace sightline::encoder
