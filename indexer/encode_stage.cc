// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/encode_stage.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace sightline::indexer {
namespace {

using encoder::ClipEncoding;
using encoder::ImageEncoding;
using encoder::TextEncoding;
using storage::PatchStorage;

/// A unit whose input is a `Kind` (an alternative of ModelInput).
template <typename Kind>
struct UnitRef {
  WorkItem* item;
  WorkUnit* unit;
  const Kind& input() const { return std::get<Kind>(unit->input); }
};

template <typename Kind>
std::vector<UnitRef<Kind>> UnitsOfKind(std::span<WorkItem> items) {
  std::vector<UnitRef<Kind>> out;
  for (WorkItem& item : items) {
    if (item.state != WorkState::kNewContent) continue;
    for (WorkUnit& unit : item.units) {
      if (std::holds_alternative<Kind>(unit.input)) out.push_back({&item, &unit});
    }
  }
  return out;
}

/// Calls the encoder for what a batch has of each kind.
class BatchEncoder {
 public:
  BatchEncoder(encoder::Encoder& encoder, PatchStorage patch_storage)
      : encoder_(encoder), patch_storage_(patch_storage) {}

  uint64_t EncodePictures(std::span<WorkItem> items) {
    const auto refs = UnitsOfKind<ImageRgb8>(items);
    std::vector<encoder::ImageRequest> requests;
    for (const auto& ref : refs) requests.push_back({&ref.input(), {}});
    return Finish<ImageEncoding>(refs, std::span<const encoder::ImageRequest>(requests),
                                 [this](auto part) { return encoder_.EncodeImages(part, format()); });
  }

  uint64_t EncodeClips(std::span<WorkItem> items) {
    const auto refs = UnitsOfKind<ClipInput>(items);
    std::vector<std::vector<const ImageRgb8*>> frames;
    for (const auto& ref : refs) {
      auto& pixels = frames.emplace_back();
      for (const ClipFrame& frame : ref.input().frames) pixels.push_back(frame.model_pixels.get());
    }
    std::vector<encoder::ClipRequest> requests;
    for (const auto& pixels : frames) requests.push_back({pixels, {}});
    return Finish<ClipEncoding>(refs, std::span<const encoder::ClipRequest>(requests),
                                [this](auto part) { return encoder_.EncodeClips(part, format()); });
  }

  uint64_t EncodeTexts(std::span<WorkItem> items) {
    const auto refs = UnitsOfKind<std::string>(items);
    std::vector<encoder::TextRequest> requests;
    for (const auto& ref : refs) requests.push_back({ref.input(), {}});
    return Finish<TextEncoding>(refs, std::span<const encoder::TextRequest>(requests),
                                [this](auto part) { return encoder_.EncodeTexts(part); });
  }

  /// Failing an item drops its units, which references point to, so it is done when all kinds are encoded.
  void FailItems() {
    for (auto& [item, reason] : failed_) item->Fail(std::move(reason));
  }

 private:
  // In a collection without patches the format does not matter: they are dropped.
  TokenFormat format() const { return patch_storage_ == PatchStorage::kFp16 ? TokenFormat::kFp16 : TokenFormat::kInt8; }

  // Encodes `requests`, which belong to `refs`; those for which memory did not suffice once more by themselves.
  template <typename Encoding, typename Kind, typename Request, typename Encode>
  uint64_t Finish(const std::vector<UnitRef<Kind>>& refs, std::span<const Request> requests, const Encode& encode) {
    if (refs.empty()) return 0;
    std::vector<Result<Encoding>> encodings = encode(requests);
    SL_CHECK(encodings.size() == refs.size());
    uint64_t encoded = 0;
    for (size_t i = 0; i < refs.size(); ++i) {
      const bool out_of_memory = !encodings[i] && encodings[i].error().code == ErrorCode::kResourceExhausted;
      if (out_of_memory && refs.size() > 1) encodings[i] = std::move(encode(requests.subspan(i, 1))[0]);
      if (!encodings[i]) {
        failed_.emplace_back(refs[i].item, std::move(encodings[i].error().message));
        continue;
      }
      ++encoded;
      Store(refs[i], *std::move(encodings[i]));
      refs[i].unit->input = std::monostate();
    }
    return encoded;
  }

  void Store(const UnitRef<ImageRgb8>& ref, ImageEncoding encoding) {
    ref.unit->stored.record.vectors.push_back({std::nullopt, std::move(encoding.embedding)});
    StoreTokens(*ref.unit, std::move(encoding.patches));
  }

  void Store(const UnitRef<ClipInput>& ref, ClipEncoding encoding) {
    auto& vectors = ref.unit->stored.record.vectors;
    vectors.push_back({std::nullopt, std::move(encoding.embedding)});
    const ClipInput& clip = ref.input();
    for (size_t i = 0; clip.store_frame_vectors && i < clip.frames.size(); ++i) {
      vectors.push_back({clip.frames[i].time_us, std::move(encoding.frames[i])});
    }
    StoreTokens(*ref.unit, std::move(encoding.patches));
  }

  void Store(const UnitRef<std::string>& ref, TextEncoding encoding) {
    ref.unit->stored.record.vectors.push_back({std::nullopt, std::move(encoding.embedding)});
    if (encoding.truncated) ref.item->content_metadata[std::string(metadata_key::kTruncated)] = {true};
    if (patch_storage_ != PatchStorage::kNone) StoreTokens(*ref.unit, Converted(encoding.token_states));
  }

  void StoreTokens(WorkUnit& unit, TokenMatrix tokens) {
    if (patch_storage_ != PatchStorage::kNone) unit.stored.tokens = std::move(tokens);
  }

  // Token states come as fp32; they are stored as the patches are.
  TokenMatrix Converted(const TokenMatrix& states) const {
    std::vector<float> values(size_t{states.tokens} * states.width);
    SL_CHECK(ExpandTokenMatrix(states, values).has_value());
    return MakeTokenMatrix(values, states.tokens, states.width, format());
  }

  encoder::Encoder& encoder_;
  const PatchStorage patch_storage_;
  std::vector<std::pair<WorkItem*, std::string>> failed_;
};

}  // namespace

uint64_t EncodeItems(encoder::Encoder& encoder, PatchStorage patch_storage, std::span<WorkItem> items) {
  BatchEncoder batch(encoder, patch_storage);
  const uint64_t encoded = batch.EncodePictures(items) + batch.EncodeClips(items) + batch.EncodeTexts(items);
  batch.FailItems();
  return encoded;
}

}  // namespace sightline::indexer
