// SPDX-License-Identifier: BSD-3-Clause
#include "query/reencode.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/sha256.h"
#include "encoder/preprocess.h"
#include "media/image.h"
#include "media/source.h"

namespace sightline::query {
namespace {

constexpr size_t kBatch = 16;  // Pictures in memory at a time.

bool HasHash(std::span<const std::byte> bytes, const storage::ContentHash& hash) {
  Sha256 sha;
  sha.Update(bytes);
  const Sha256Digest digest = sha.Finish();
  return std::equal(hash.begin(), hash.end(), digest.begin());
}

std::optional<ImageRgb8> ReadModelPixels(const storage::ItemRecord& item, int image_res, const Limits& limits) {
  media::DecodeOptions options;
  options.limits = limits;
  for (const storage::ItemPath& path : item.paths) {
    const auto bytes = media::Source::FromFile(path.path).ReadAll(options.max_bytes);
    if (!bytes || !HasHash(**bytes, item.hash)) continue;
    const auto picture = media::DecodeImage(media::Source::FromMemory(**bytes, path.path), options);
    if (!picture) continue;
    auto pixels = encoder::ResizeToModelPixels(*picture, image_res);
    if (pixels) return *std::move(pixels);
  }
  return std::nullopt;
}

Status EncodeBatch(std::span<const UnitId> ids, const storage::RecordStore& records, encoder::Encoder& encoder,
                   const Limits& limits, PatchTable& table) {
  SL_ASSIGN_OR_RETURN(const auto units, records.GetUnits(ids));
  std::vector<UnitId> found;
  std::vector<ImageRgb8> pixels;
  for (const auto& unit : units) {
    if (!unit || unit->type != UnitType::kImage) continue;
    SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(std::span(&unit->item, 1)));
    if (!items[0]) continue;
    auto picture = ReadModelPixels(*items[0], encoder.info().config.vision.image_res, limits);
    if (!picture) continue;
    found.push_back(unit->id);
    pixels.push_back(*std::move(picture));
  }
  std::vector<encoder::ImageRequest> requests;
  for (const ImageRgb8& picture : pixels) requests.push_back({.model_pixels = &picture, .limits = limits});
  if (requests.empty()) return {};
  auto encodings = encoder.EncodeImages(requests, TokenFormat::kFp16);
  for (size_t i = 0; i < found.size(); ++i) {
    if (encodings[i]) table.emplace(found[i], std::move(encodings[i]->patches));
  }
  return {};
}

}  // namespace

Result<PatchTable> ReencodePatches(std::span<const UnitId> units, const storage::RecordStore& records,
                                   encoder::Encoder& encoder, const Limits& limits) {
  PatchTable table;
  for (size_t begin = 0; begin < units.size(); begin += kBatch) {
    if (const Status status = limits.Check("encode patches again"); !status) {
      if (status.error().code == ErrorCode::kDeadlineExceeded) break;
      return tl::unexpected<Error>(status.error());
    }
    SL_RETURN_IF_ERROR(
        EncodeBatch(units.subspan(begin, std::min(kBatch, units.size() - begin)), records, encoder, limits, table));
  }
  return table;
}

}  // namespace sightline::query
