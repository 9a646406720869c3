// SPDX-License-Identifier: BSD-3-Clause
#include <optional>
#include <string>

#include "encoder/files/byte_reader.h"
#include "encoder/files/pickle_tensor_internal.h"

namespace sightline::encoder {
namespace {

constexpr size_t kMaxDimensions = 16;
/// A stride of 0 repeats elements for free in the file but not in memory.
constexpr uint64_t kMaxExpandedBytes = 16 << 20;
/// Keeps every sum and product of two such numbers inside 64 bits with room to spare.
constexpr uint64_t kMaxElements = uint64_t{1} << 48;

std::optional<DType> StorageType(const PickleGlobal* global) {
  if (global == nullptr) return std::nullopt;
  switch (*global) {
    case PickleGlobal::kFloatStorage:
      return DType::kF32;
    case PickleGlobal::kHalfStorage:
      return DType::kF16;
    case PickleGlobal::kBFloat16Storage:
      return DType::kBf16;
    case PickleGlobal::kDoubleStorage:
      return DType::kF64;
    case PickleGlobal::kLongStorage:
      return DType::kI64;
    case PickleGlobal::kIntStorage:
      return DType::kI32;
    case PickleGlobal::kBoolStorage:
      return DType::kBool;
    case PickleGlobal::kOrderedDict:
    case PickleGlobal::kRebuildTensor:
    case PickleGlobal::kRebuildParameter:
      return std::nullopt;
  }
  return std::nullopt;
}

/// A count or an offset.
std::optional<uint64_t> Count(const PickleGraph& graph, PickleId id) {
  const auto* const value = graph.As<int64_t>(id);
  if (value == nullptr || *value < 0 || static_cast<uint64_t>(*value) > kMaxElements) return std::nullopt;
  return static_cast<uint64_t>(*value);
}

std::optional<Shape> Sizes(const PickleGraph& graph, PickleId id) {
  const auto* const tuple = graph.As<PickleTuple>(id);
  if (tuple == nullptr || tuple->items.size() > kMaxDimensions) return std::nullopt;
  Shape sizes;
  for (const PickleId item : tuple->items) {
    const auto size = Count(graph, item);
    if (!size) return std::nullopt;
    sizes.push_back(static_cast<int64_t>(*size));
  }
  return sizes;
}

bool ReadView(const PickleGraph& graph, PickleId id, PickleStorage& storage) {
  if (graph.As<PickleNone>(id) != nullptr) return true;
  const auto* const view = graph.As<PickleTuple>(id);
  if (view == nullptr || view->items.size() != 3) return false;
  const auto offset = Count(graph, view->items[1]);
  const auto elements = Count(graph, view->items[2]);
  if (!offset || !elements || *offset > storage.elements || *elements > storage.elements - *offset) return false;
  storage.view_offset = *offset;
  storage.view_elements = *elements;
  return true;
}

/// One more than the largest element index that the tensor reaches, from the start of its part of the storage; nothing
/// on overflow.
std::optional<uint64_t> Reach(const Shape& shape, const Shape& stride, uint64_t offset) {
  uint64_t last = offset;
  for (size_t i = 0; i < shape.size(); ++i) {
    const auto steps = static_cast<uint64_t>(shape[i]) - 1;
    const auto step = static_cast<uint64_t>(stride[i]);
    if (step != 0 && steps > kMaxElements / step) return std::nullopt;
    last += steps * step;
    if (last > kMaxElements) return std::nullopt;
  }
  return last + 1;
}

Status CheckReach(const PickleStorage& storage, uint64_t offset, const Shape& shape, const Shape& stride) {
  const std::string what = "a tensor of shape " + ToString(shape) + " and stride " + ToString(stride) + " at offset " +
                           std::to_string(offset) + " in storage " + Printable(storage.key) + " of " +
                           std::to_string(storage.view_elements) + " elements";
  const auto count = ElementCount(shape);
  if (!count) return Fail(ErrorCode::kCorruption, what + " is impossible");
  if (*count == 0) return {};
  const auto reach = Reach(shape, stride, offset);
  if (!reach || *reach > storage.view_elements) return Fail(ErrorCode::kCorruption, what + " reaches outside of it");
  if (*count > storage.view_elements && *count > kMaxExpandedBytes / SizeOf(storage.dtype)) {
    return Fail(ErrorCode::kResourceExhausted, what + " repeats elements without end");
  }
  return {};
}

}  // namespace

Result<PickleStorage> MakePickleStorage(const PickleGraph& graph, const PickleTuple& id) {
  const auto& items = id.items;
  const auto* const kind = items.empty() ? nullptr : graph.As<std::string_view>(items[0]);
  if (items.size() < 5 || items.size() > 6 || kind == nullptr || *kind != "storage") {
    return Fail(ErrorCode::kCorruption, "a persistent id that is no storage");
  }
  const auto dtype = StorageType(graph.As<PickleGlobal>(items[1]));
  const auto* const key = graph.As<std::string_view>(items[2]);
  const auto elements = Count(graph, items[4]);
  if (!dtype || key == nullptr || !elements) return Fail(ErrorCode::kCorruption, "a broken storage reference");
  PickleStorage storage{*dtype, *key, *elements, 0, *elements};
  if (items.size() == 6 && !ReadView(graph, items[5], storage)) {
    return Fail(ErrorCode::kCorruption, "a view outside of storage " + Printable(*key));
  }
  return storage;
}

Result<PickleTensor> MakePickleTensor(const PickleGraph& graph, const PickleTuple& arguments) {
  const auto& items = arguments.items;
  if (items.size() < 6 || items.size() > 7) return Fail(ErrorCode::kCorruption, "a tensor with wrong arguments");
  const auto* const storage = graph.As<PickleStorage>(items[0]);
  const auto offset = Count(graph, items[1]);
  auto shape = Sizes(graph, items[2]);
  auto stride = Sizes(graph, items[3]);
  if (storage == nullptr || !offset || !shape || !stride || shape->size() != stride->size()) {
    return Fail(ErrorCode::kCorruption, "a tensor with wrong arguments");
  }
  SL_RETURN_IF_ERROR(CheckReach(*storage, *offset, *shape, *stride));
  return PickleTensor{*storage, storage->view_offset + *offset, *std::move(shape), *std::move(stride)};
}

}  // namespace sightline::encoder
