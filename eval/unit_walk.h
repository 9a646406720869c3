// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>

#include "base/limits.h"
#include "base/result.h"
#include "storage/collection.h"

namespace sightline::eval {

/// Calls `visit` for every unit of a collection with its vectors, item after item, a few hundred in memory at a time.
/// Items are those of the moment of the call. Errors: read errors, those of limits.
Status ForEachUnit(const storage::Collection& collection, const Limits& limits,
                   const std::function<void(const storage::UnitRecord&)>& visit);

}  // namespace sightline::eval
