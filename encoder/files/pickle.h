// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "encoder/files/tensor_view.h"

namespace sightline::encoder {

/// Index of a node in PickleGraph::nodes.
using PickleId = uint32_t;

struct PickleNone {};
/// An integer beyond 64 bits: little-endian two's complement.
struct PickleBigInt {
  std::span<const std::byte> bytes;
};
struct PickleList {
  std::vector<PickleId> items;
};
struct PickleTuple {
  std::vector<PickleId> items;
};
struct PickleDict {
  std::vector<std::pair<PickleId, PickleId>> entries;  ///< In file order; a key may come twice.
  bool is_ordered_dict = false;
};
/// The things of Python that a checkpoint may refer to (x2vlm-spec section 12.1). Nothing is ever called.
enum class PickleGlobal {
  kOrderedDict,
  kRebuildTensor,
  kRebuildParameter,
  kFloatStorage,
  kHalfStorage,
  kBFloat16Storage,
  kDoubleStorage,
  kLongStorage,
  kIntStorage,
  kBoolStorage,
};
/// A reference to the bytes of tensors, which lie elsewhere in the file; a tensor may use a part of it.
struct PickleStorage {
  DType dtype = DType::kF32;
  std::string_view key;
  uint64_t elements = 0;       ///< Of the whole storage.
  uint64_t view_offset = 0;    ///< Elements before the part that tensors of this reference may use.
  uint64_t view_elements = 0;  ///< Elements of that part; inside the storage.
};
/// A tensor inside its storage: the largest element index that shape, stride and offset reach is inside it.
struct PickleTensor {
  PickleStorage storage;
  uint64_t offset = 0;  ///< Elements from the start of the whole storage.
  Shape shape;
  Shape stride;  ///< In elements, one per dimension, none negative.
};

using PickleNode = std::variant<PickleNone, bool, int64_t, double, std::string_view, PickleBigInt, PickleList,
                                PickleTuple, PickleDict, PickleGlobal, PickleStorage, PickleTensor>;

/// What a pickle holds. Nodes refer to each other by number, so that a list that contains itself is neither a leak nor
/// an endless recursion; whoever walks the graph has to bound its depth and its steps.
struct PickleGraph {
  std::vector<PickleNode> nodes;
  PickleId root = 0;
  size_t size_bytes = 0;  ///< Length of the pickle, STOP included.

  const PickleNode& at(PickleId id) const { return nodes[id]; }
  /// The node as T; null when it is something else.
  template <typename T>
  const T* As(PickleId id) const {
    return std::get_if<T>(&nodes[id]);
  }
};

/// Reads one pickle of protocol 2 from the start of `bytes`, with the opcodes and globals that `torch.save` needs for a
/// dictionary of tensors, and no others. Nothing is executed or imported.
/// @param bytes  must outlive the result, whose texts are views into it. What follows the pickle is not looked at.
/// Errors: kCorruption (truncated, an opcode where it cannot stand, invalid UTF-8, a tensor beyond its storage),
/// kUnsupported (an opcode or global that is not on the lists, another protocol; the message names it),
/// kResourceExhausted (more than a million nodes, memo entries or stack entries, marks nested deeper than 1000, a
/// pickle longer than 64 MB, a tensor that expands a few values to more than 16 MB).
/// Time and memory are linear in the length of the pickle.
Result<PickleGraph> ReadPickle(std::span<const std::byte> bytes);

}  // namespace sightline::encoder
