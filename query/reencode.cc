// SPDX-License-Identifier: BSD-3-Clause
#include "query/reencode.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "encoder/preprocess.h"
#include "media/content_hash.h"
#include "media/image.h"
#include "media/source.h"
#include "media/tar_reader.h"
#include "query/reencode_clips.h"

namespace sightline::query {
namespace {

constexpr size_t kBatch = 16;  // Units in memory at a time.

std::optional<ImageRgb8> ReadModelPixels(const storage::ItemRecord& item, int image_res, const Limits& limits) {
  media::DecodeOptions options;
  options.limits = limits;
  for (const storage::ItemPath& path : item.paths) {
    const auto source = media::OpenLocation(path.path);
    if (!source) continue;
    const auto bytes = source->ReadAll(options.max_bytes);
    if (!bytes || media::HashBytes(**bytes) != item.hash) continue;
    const auto picture = media::DecodeImage(media::Source::FromMemory(**bytes, path.path), options);
    if (!picture) continue;
    auto pixels = encoder::ResizeToModelPixels(*picture, image_res);
    if (pixels) return *std::move(pixels);
  }
  return std::nullopt;
}

// Units and items that are still there.
Result<std::vector<MissingUnit>> ReadRecords(std::span<const UnitId> ids, const storage::RecordStore& records) {
  std::vector<MissingUnit> found;
  SL_ASSIGN_OR_RETURN(auto units, records.GetUnits(ids));
  for (auto& unit : units) {
    if (!unit) continue;
    SL_ASSIGN_OR_RETURN(auto items, records.GetItems(std::span(&unit->item, 1)));
    if (items[0]) found.push_back({*std::move(unit), *std::move(items[0])});
  }
  return found;
}

void EncodePictures(std::span<const MissingUnit> batch, encoder::Encoder& encoder, const Limits& limits,
                    TokenTable& table) {
  std::vector<UnitId> found;
  std::vector<ImageRgb8> pixels;
  for (const MissingUnit& missing : batch) {
    if (missing.unit.type != UnitType::kImage) continue;
    auto picture = ReadModelPixels(missing.item, encoder.info().config.vision.image_res, limits);
    if (!picture) continue;
    found.push_back(missing.unit.id);
    pixels.push_back(*std::move(picture));
  }
  if (found.empty()) return;
  std::vector<encoder::ImageRequest> requests;
  for (const ImageRgb8& picture : pixels) requests.push_back({.model_pixels = &picture, .limits = limits});
  auto encodings = encoder.EncodeImages(requests, TokenFormat::kFp16);
  for (size_t i = 0; i < found.size(); ++i) {
    if (encodings[i]) table.emplace(found[i], std::make_shared<const TokenMatrix>(std::move(encodings[i]->patches)));
  }
}

void EncodeTexts(std::span<const MissingUnit> batch, encoder::Encoder& encoder, const Limits& limits,
                 TokenTable& table) {
  std::vector<UnitId> found;
  std::vector<encoder::TextRequest> requests;
  for (const MissingUnit& missing : batch) {
    if (missing.unit.type != UnitType::kText) continue;
    const auto* words = FirstValue<std::string>(missing.item.metadata, metadata_key::kText);
    if (words == nullptr) continue;
    found.push_back(missing.unit.id);
    requests.push_back({.text = *words, .limits = limits});
  }
  if (found.empty()) return;
  auto encodings = encoder.EncodeTexts(requests);
  for (size_t i = 0; i < found.size(); ++i) {
    if (encodings[i])
      table.emplace(found[i], std::make_shared<const TokenMatrix>(std::move(encodings[i]->token_states)));
  }
}

}  // namespace

Result<TokenTable> ReencodeTokens(std::span<const UnitId> units, const storage::RecordStore& records,
                                  encoder::Encoder& encoder, const Limits& limits) {
  TokenTable table;
  for (size_t begin = 0; begin < units.size(); begin += kBatch) {
    if (const Status status = limits.Check("encode units again"); !status) {
      if (status.error().code == ErrorCode::kDeadlineExceeded) break;
      return tl::unexpected<Error>(status.error());
    }
    const auto ids = units.subspan(begin, std::min(kBatch, units.size() - begin));
    SL_ASSIGN_OR_RETURN(const std::vector<MissingUnit> batch, ReadRecords(ids, records));
    EncodePictures(batch, encoder, limits, table);
    EncodeClipsAgain(batch, encoder, limits, table);
    EncodeTexts(batch, encoder, limits, table);
  }
  return table;
}

}  // namespace sightline::query
