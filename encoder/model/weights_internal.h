// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <ATen/core/Tensor.h>

namespace sightline::encoder {

/// Weights by the names that checkpoints give them. Tensors are shared handles, so a copy is cheap and sees the same
/// values.
using NamedTensors = std::unordered_map<std::string, at::Tensor>;

/// The weights below one prefix: `Scope("vision_encoder.").Scope("blocks.0.")["gamma_1"]`. Loading is strict, so a name
/// that is not there is a bug of ours and ends the process. Refers to the map, which must outlive it.
class WeightScope {
 public:
  explicit WeightScope(const NamedTensors& tensors, std::string prefix = "")
      : tensors_(&tensors), prefix_(std::move(prefix)) {}

  const at::Tensor& operator[](std::string_view name) const;
  WeightScope Scope(std::string_view sub_prefix) const {
    return WeightScope(*tensors_, prefix_ + std::string(sub_prefix));
  }
  /// "PREFIXINDEX.": one of a numbered list of modules.
  WeightScope Scope(std::string_view list, int index) const {
    return Scope(std::string(list) + std::to_string(index) + ".");
  }

 private:
  const NamedTensors* tensors_;
  std::string prefix_;
};

}  // namespace sightline::encoder
