// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/checkpoint_reader.h"

#include <cstring>
#include <string_view>
#include <utility>

#include "base/guard.h"
#include "encoder/files/byte_reader.h"
#include "encoder/files/torch_container.h"

namespace sightline::encoder {
namespace {

/// The value of a text key, the last one when there are several, as in Python; null when there is none.
const PickleId* FindEntry(const PickleGraph& graph, const PickleDict& dict, std::string_view key) {
  for (auto entry = dict.entries.rbegin(); entry != dict.entries.rend(); ++entry) {
    const auto* const text = graph.As<std::string_view>(entry->first);
    if (text != nullptr && *text == key) return &entry->second;
  }
  return nullptr;
}

Result<CheckpointTensor> Locate(const TorchContainer& container, const PickleTensor& tensor) {
  const PickleStorage& storage = tensor.storage;
  const auto found = container.storages.find(storage.key);
  const std::string name = "storage " + Printable(storage.key);
  if (found == container.storages.end()) return Fail(ErrorCode::kCorruption, name + " is missing");
  const uint64_t needed = storage.elements * SizeOf(storage.dtype);
  if (found->second.size() != needed) {
    return Fail(ErrorCode::kCorruption, name + " has " + std::to_string(found->second.size()) +
                                            " bytes, the object says " + std::to_string(needed));
  }
  return CheckpointTensor{storage.dtype, tensor.shape, tensor.stride, tensor.offset, found->second};
}

Status ReadStateDict(const TorchContainer& container, const PickleDict& dict,
                     std::map<std::string, CheckpointTensor, std::less<>>& tensors) {
  for (const auto& [key_id, value_id] : dict.entries) {
    const auto* const key = container.object.As<std::string_view>(key_id);
    if (key == nullptr) return Fail(ErrorCode::kCorruption, "state dict: a key that is no text");
    const auto* const tensor = container.object.As<PickleTensor>(value_id);
    if (tensor == nullptr) return Fail(ErrorCode::kCorruption, "state dict: " + Printable(*key) + " is no tensor");
    auto located = Locate(container, *tensor);
    if (!located) return Annotate(std::move(located).error(), Printable(*key));
    if (!tensors.emplace(*key, *std::move(located)).second) {
      return Fail(ErrorCode::kCorruption, "state dict: " + Printable(*key) + " comes twice");
    }
  }
  if (tensors.empty()) return Fail(ErrorCode::kCorruption, "state dict: no tensors");
  return {};
}

bool IsRowMajor(const CheckpointTensor& tensor) {
  int64_t expected = 1;
  for (size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.stride[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

/// Element by element, the last index fastest.
void CopyStrided(const CheckpointTensor& tensor, std::span<std::byte> out) {
  const size_t size = SizeOf(tensor.dtype);
  const size_t dimensions = tensor.shape.size();
  std::vector<int64_t> index(dimensions, 0);
  auto element = static_cast<int64_t>(tensor.offset);
  for (size_t at = 0; at < out.size(); at += size) {
    std::memcpy(out.data() + at, tensor.storage.data() + static_cast<size_t>(element) * size, size);
    for (size_t i = dimensions; i-- > 0;) {
      element += tensor.stride[i];
      if (++index[i] < tensor.shape[i]) break;
      element -= tensor.stride[i] * tensor.shape[i];
      index[i] = 0;
    }
  }
}

}  // namespace

Result<Checkpoint> Checkpoint::Open(const std::filesystem::path& path) {
  SL_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  auto checkpoint = FromBytes(file.bytes());
  if (!checkpoint) return Annotate(std::move(checkpoint).error(), path.string());
  checkpoint->file_ = std::move(file);
  return checkpoint;
}

Result<Checkpoint> Checkpoint::FromBytes(std::span<const std::byte> bytes) {
  return Guard("read checkpoint", [bytes]() -> Result<Checkpoint> {
    Checkpoint checkpoint;
    SL_ASSIGN_OR_RETURN(const TorchContainer container, ReadTorchContainer(bytes));
    const PickleGraph& object = container.object;
    const auto* state = object.As<PickleDict>(object.root);
    if (state == nullptr) return Fail(ErrorCode::kCorruption, "not a dictionary of weights");
    const PickleId* const model = FindEntry(object, *state, "model");
    const PickleId* const config = model == nullptr ? nullptr : FindEntry(object, *state, "config");
    if (model != nullptr) state = object.As<PickleDict>(*model);
    if (state == nullptr) return Fail(ErrorCode::kCorruption, "the entry `model` is not a dictionary of weights");
    if (config != nullptr) {
      SL_ASSIGN_OR_RETURN(checkpoint.config_, ToPlainValue(object, *config));
    }
    SL_RETURN_IF_ERROR(ReadStateDict(container, *state, checkpoint.tensors_));
    return checkpoint;
  });
}

std::vector<std::byte> CopyElements(const CheckpointTensor& tensor) {
  const size_t size = SizeOf(tensor.dtype);
  std::vector<std::byte> out(ElementCount(tensor.shape).value_or(0) * size);
  if (out.empty()) return out;
  if (IsRowMajor(tensor)) {
    std::memcpy(out.data(), tensor.storage.data() + tensor.offset * size, out.size());
  } else {
    CopyStrided(tensor, out);
  }
  return out;
}

Result<std::vector<float>> CopyFloats(const CheckpointTensor& tensor) {
  const std::vector<std::byte> elements = CopyElements(tensor);
  std::vector<float> out(elements.size() / SizeOf(tensor.dtype));
  SL_RETURN_IF_ERROR(ExpandToFloat({tensor.dtype, tensor.shape, elements}, nullptr, out));
  return out;
}

}  // namespace sightline::encoder
