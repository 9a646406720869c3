// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include "encoder/model/weights_internal.h"
#include "encoder/model_config.h"
#include "encoder/runtime/fast_bert_internal.h"
#include "encoder/runtime/fast_layers_internal.h"

namespace sightline::encoder {

/// Cross-attention queries of B texts of L tokens, in the form that the layer chose for L.
struct CrossQueries {
  bool absorbed = false;
  at::Tensor rows;  ///< Absorbed: (B, L * H, D), queries over raw patches. Otherwise (B, L, C), scaled.
};

/// The cross-attention block of a fusion layer. Immutable.
///
/// Note [Absorbed keys and values]
/// Keys and values of patches are linear in the patches: q . (K x + b) = (K^T q) . x + a constant that the softmax
/// drops, and sum p (V x + b) = V (sum p x) + b. So per head the query becomes a vector over raw patches and the value
/// map is applied to the mixed patches. That replaces the projection of all N+1 patches by work in proportion to the
/// number of query tokens: less for short texts, and far less where only token 0 is needed. Long texts project.
///
/// Note [One patch matrix for many texts]
/// Where a picture is compared with texts, all pairs have the same patches. Their queries then stand in one row of
/// B * L tokens over a single patch matrix: the projection, if it is chosen, is computed once for all, and what decides
/// between the two forms is the length of that row.
class FastCrossAttention {
 public:
  /// @param scope  "...layer.12.crossattention."
  FastCrossAttention(const BertShape& shape, const VisionConfig& vision, const WeightScope& scope,
                     const Placement& placement);

  /// (B, L, C) -> queries of B texts. @param shares_patches  they will meet one patch matrix, not one each.
  CrossQueries MakeQueries(const at::Tensor& x, bool shares_patches) const;
  /// x (B, L, C), their queries, patches (B, N+1, D), or (1, N+1, D) for all of them -> (B, L, C).
  at::Tensor Run(const at::Tensor& x, const CrossQueries& queries, const at::Tensor& patches) const;

 private:
  at::Tensor Mix(const CrossQueries& queries, const at::Tensor& patches) const;
  at::Tensor MixAbsorbed(const at::Tensor& rows, const at::Tensor& patches) const;
  at::Tensor MixProjected(const at::Tensor& rows, const at::Tensor& patches) const;

  BertShape shape_;
  int64_t absorb_up_to_ = 0;  ///< The longest text for which absorbing is less work.
  FastLinear query_;
  FastLinear key_value_;     ///< D -> 2C, no bias.
  at::Tensor key_absorb_;    ///< (H, d, D)
  at::Tensor value_absorb_;  ///< (H, D, d)
  FastLinear output_;        ///< The value bias is folded into its bias.
  FastNorm norm_;
};

}  // namespace sightline::encoder
