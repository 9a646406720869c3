// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "base/result.h"
#include "encoder/files/pickle.h"

namespace sightline::encoder {

/// Makes the storage reference of a persistent id: ("storage", StorageType, key, location, elements[, view]) with view
/// None or (key, offset, elements). The location ("cuda:0") is ignored.
/// Errors: kCorruption.
Result<PickleStorage> MakePickleStorage(const PickleGraph& graph, const PickleTuple& id);

/// Makes the tensor of _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata]).
/// Errors: kCorruption (wrong arguments, elements outside the storage), kResourceExhausted (a huge expansion).
Result<PickleTensor> MakePickleTensor(const PickleGraph& graph, const PickleTuple& arguments);

}  // namespace sightline::encoder
