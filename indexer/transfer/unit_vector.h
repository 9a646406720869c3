// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "base/result.h"
#include "base/types.h"

namespace sightline::indexer {

/// Makes a vector one of unit length. One that is so already, to the rounding of fp32, stays bit for bit.
/// @return whether its length was another one than rounding to fp16 explains. Errors: kInvalidArgument (a value is not
/// finite, or it is zero).
Result<bool> MakeUnitVector(Embedding& values);

}  // namespace sightline::indexer
