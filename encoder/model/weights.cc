// SPDX-License-Identifier: BSD-3-Clause
#include "base/check.h"
#include "encoder/model/weights_internal.h"

namespace sightline::encoder {

const at::Tensor& WeightScope::operator[](std::string_view name) const {
  const auto found = tensors_->find(prefix_ + std::string(name));
  SL_CHECK(found != tensors_->end());
  return found->second;
}

}  // namespace sightline::encoder
