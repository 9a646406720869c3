// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "base/result.h"
#include "encoder/files/pickle.h"

namespace sightline::encoder {

/// The two parts of a `torch.save` file: the object, and the bytes that its tensors refer to.
struct TorchContainer {
  PickleGraph object;
  std::map<std::string, std::span<const std::byte>, std::less<>> storages;  ///< By storage key.
};

/// Opens a file in either container (x2vlm-spec section 12.1): zip (`<root>/data.pkl`, `<root>/data/<key>`; other
/// entries are ignored) or legacy (pickles in a row, then the storages).
/// @param bytes  the whole file; must outlive the result, which holds views into it.
/// Errors: kCorruption (truncated, damaged, or neither container), kUnsupported (see ReadZip and ReadPickle;
/// big-endian), kResourceExhausted (see ReadPickle). Reads no storage.
Result<TorchContainer> ReadTorchContainer(std::span<const std::byte> bytes);

/// The legacy container alone.
Result<TorchContainer> ReadLegacyContainer(std::span<const std::byte> bytes);
/// Does it start like a legacy container?
bool LooksLikeLegacyContainer(std::span<const std::byte> bytes);

}  // namespace sightline::encoder
