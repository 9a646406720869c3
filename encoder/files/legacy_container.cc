// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>

#include "encoder/files/byte_reader.h"
#include "encoder/files/torch_container.h"

namespace sightline::encoder {
namespace {

// x2vlm-spec section 12.1: magic number 0x1950a86a20f9469cfc6c, in the bytes of its LONG1.
constexpr std::array<uint8_t, 10> kMagic = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
constexpr std::array<uint8_t, 4> kBeforeMagic = {0x80, 2, 0x8a, kMagic.size()};
constexpr int64_t kProtocol = 1001;

Result<PickleGraph> NextPickle(std::span<const std::byte>& bytes) {
  SL_ASSIGN_OR_RETURN(PickleGraph graph, ReadPickle(bytes));
  bytes = bytes.subspan(graph.size_bytes);
  return graph;
}

/// The system info says `little_endian: True`.
Status CheckSystem(const PickleGraph& graph) {
  const auto* const info = graph.As<PickleDict>(graph.root);
  if (info == nullptr) return Fail(ErrorCode::kCorruption, "legacy container: no system information");
  for (const auto& [key_id, value_id] : info->entries) {
    const auto* const key = graph.As<std::string_view>(key_id);
    if (key == nullptr || *key != "little_endian") continue;
    const auto* const is_little = graph.As<bool>(value_id);
    if (is_little == nullptr || !*is_little) return Fail(ErrorCode::kUnsupported, "written in big-endian byte order");
  }
  return {};
}

/// All storages that the object refers to, by key; the file's data part names keys only.
Result<std::map<std::string_view, PickleStorage>> StoragesOf(const PickleGraph& object) {
  std::map<std::string_view, PickleStorage> storages;
  for (const PickleNode& node : object.nodes) {
    const auto* const storage = std::get_if<PickleStorage>(&node);
    if (storage == nullptr) continue;
    const auto [known, is_new] = storages.emplace(storage->key, *storage);
    if (!is_new && (known->second.dtype != storage->dtype || known->second.elements != storage->elements)) {
      return Fail(ErrorCode::kCorruption, "storage " + Printable(storage->key) + " is described in two ways");
    }
  }
  return storages;
}

/// One element count and the raw data.
Result<std::span<const std::byte>> ReadStorage(ByteReader& reader, const PickleStorage& storage) {
  const std::string name = "storage " + Printable(storage.key);
  const auto count = reader.Read<int64_t>();
  if (!count) return Fail(ErrorCode::kCorruption, name + ": the file is truncated");
  if (*count < 0 || static_cast<uint64_t>(*count) != storage.elements) {
    return Fail(ErrorCode::kCorruption, name + " has " + std::to_string(*count) + " elements, the object says " +
                                            std::to_string(storage.elements));
  }
  const auto data = reader.ReadBytes(storage.elements * SizeOf(storage.dtype));
  if (!data) return Fail(ErrorCode::kCorruption, name + ": the file is truncated");
  return *data;
}

Status ReadStorages(std::span<const std::byte> bytes, TorchContainer& container) {
  SL_ASSIGN_OR_RETURN(const PickleGraph keys, NextPickle(bytes));
  const auto* const list = keys.As<PickleList>(keys.root);
  if (list == nullptr) return Fail(ErrorCode::kCorruption, "legacy container: no list of storages");
  SL_ASSIGN_OR_RETURN(const auto storages, StoragesOf(container.object));
  ByteReader reader(bytes);
  for (const PickleId id : list->items) {
    const auto* const key = keys.As<std::string_view>(id);
    const auto known = key == nullptr ? storages.end() : storages.find(*key);
    if (known == storages.end()) {
      return Fail(ErrorCode::kCorruption, "legacy container: a storage that the object does not use");
    }
    SL_ASSIGN_OR_RETURN(const auto data, ReadStorage(reader, known->second));
    if (!container.storages.emplace(*key, data).second) {
      return Fail(ErrorCode::kCorruption, "storage " + Printable(*key) + " comes twice");
    }
  }
  return {};
}

}  // namespace

bool LooksLikeLegacyContainer(std::span<const std::byte> bytes) {
  return ByteReader(bytes).Read<std::array<uint8_t, kBeforeMagic.size()>>() == kBeforeMagic;
}

Result<TorchContainer> ReadLegacyContainer(std::span<const std::byte> bytes) {
  SL_ASSIGN_OR_RETURN(const PickleGraph magic, NextPickle(bytes));
  const auto* const number = magic.As<PickleBigInt>(magic.root);
  const auto expected = std::as_bytes(std::span(kMagic));
  if (number == nullptr || !std::equal(number->bytes.begin(), number->bytes.end(), expected.begin(), expected.end())) {
    return Fail(ErrorCode::kCorruption, "legacy container: wrong magic number");
  }
  SL_ASSIGN_OR_RETURN(const PickleGraph protocol, NextPickle(bytes));
  const auto* const version = protocol.As<int64_t>(protocol.root);
  if (version == nullptr || *version != kProtocol) {
    return Fail(ErrorCode::kUnsupported, "legacy container: not protocol 1001");
  }
  SL_ASSIGN_OR_RETURN(const PickleGraph system, NextPickle(bytes));
  SL_RETURN_IF_ERROR(CheckSystem(system));
  TorchContainer container;
  SL_ASSIGN_OR_RETURN(container.object, NextPickle(bytes));
  SL_RETURN_IF_ERROR(ReadStorages(bytes, container));
  return container;
}

}  // namespace sightline::encoder
