// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/encode_stage.h"

#include <utility>
#include <vector>

namespace sightline::indexer {
namespace {

using storage::PatchStorage;

struct UnitRef {
  WorkItem* item;
  WorkUnit* unit;
};

std::vector<UnitRef> UnitsToEncode(std::span<WorkItem> items) {
  std::vector<UnitRef> out;
  for (WorkItem& item : items) {
    if (item.state != WorkState::kNewContent) continue;
    for (WorkUnit& unit : item.units) out.push_back({&item, &unit});
  }
  return out;
}

// In a collection without patches the format does not matter: they are dropped.
TokenFormat FormatFor(PatchStorage patch_storage) {
  switch (patch_storage) {
    case PatchStorage::kFp16:
      return TokenFormat::kFp16;
    case PatchStorage::kInt8:
    case PatchStorage::kNone:
      break;
  }
  return TokenFormat::kInt8;
}

void Store(WorkUnit& unit, encoder::ImageEncoding encoding, PatchStorage patch_storage) {
  unit.stored.record.vectors.push_back({std::nullopt, std::move(encoding.embedding)});
  if (patch_storage != PatchStorage::kNone) unit.stored.tokens = std::move(encoding.patches);
  unit.model_pixels = {};
}

}  // namespace

uint64_t EncodeItems(encoder::Encoder& encoder, PatchStorage patch_storage, std::span<WorkItem> items) {
  const std::vector<UnitRef> refs = UnitsToEncode(items);
  if (refs.empty()) return 0;
  const TokenFormat format = FormatFor(patch_storage);
  std::vector<encoder::ImageRequest> requests;
  for (const UnitRef& ref : refs) requests.push_back({&ref.unit->model_pixels, {}});
  auto encodings = encoder.EncodeImages(requests, format);
  uint64_t encoded = 0;
  std::vector<std::pair<WorkItem*, std::string>> failed;
  for (size_t i = 0; i < refs.size(); ++i) {
    const bool out_of_memory = !encodings[i] && encodings[i].error().code == ErrorCode::kResourceExhausted;
    if (out_of_memory && refs.size() > 1) {
      encodings[i] = std::move(encoder.EncodeImages(std::span(&requests[i], 1), format)[0]);
    }
    if (encodings[i]) {
      ++encoded;
      Store(*refs[i].unit, *std::move(encodings[i]), patch_storage);
    } else {
      failed.emplace_back(refs[i].item, std::move(encodings[i].error().message));
    }
  }
  // Only now: failing an item drops its units, which `refs` points to.
  for (auto& [item, reason] : failed) item->Fail(std::move(reason));
  return encoded;
}

}  // namespace sightline::indexer
