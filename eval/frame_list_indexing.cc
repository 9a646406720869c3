// SPDX-License-Identifier: BSD-3-Clause
#include "eval/frame_list_indexing.h"

#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "encoder/preprocess.h"
#include "eval/frame_list.h"

namespace sightline::eval {
namespace {

storage::ItemPath Look(const std::filesystem::path& file) {
  std::error_code ignored;
  const auto time = std::filesystem::last_write_time(file, ignored).time_since_epoch();
  return {.path = file.string(),
          .size_bytes = std::filesystem::file_size(file, ignored),
          .mtime_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count()};
}

struct Clip {
  encoder::ClipEncoding encoding;
  int width = 0;
  int height = 0;
};

Result<Clip> EncodeFile(const std::filesystem::path& file, int frames, TokenFormat format, encoder::Encoder& encoder,
                        const Limits& limits) {
  SL_ASSIGN_OR_RETURN(const std::vector<ImageRgb8> pictures, ReadFrameList(file, frames, limits));
  std::vector<ImageRgb8> pixels;
  for (const ImageRgb8& picture : pictures) {
    SL_ASSIGN_OR_RETURN(pixels.emplace_back(),
                        encoder::ResizeToModelPixels(picture, encoder.info().config.vision.image_res));
  }
  std::vector<const ImageRgb8*> pointers;
  for (const ImageRgb8& frame : pixels) pointers.push_back(&frame);
  const encoder::ClipRequest request = {.frames = pointers, .limits = limits};
  SL_ASSIGN_OR_RETURN(encoder::ClipEncoding encoding,
                      std::move(encoder.EncodeClips(std::span(&request, 1), format)[0]));
  return Clip{std::move(encoding), pictures[0].width, pictures[0].height};
}

Status CommitClip(Clip clip, storage::ItemPath path, std::optional<ItemId> replaced, storage::Collection& collection) {
  SL_ASSIGN_OR_RETURN(const storage::AllocatedIds ids, collection.AllocateIds(1, 1));
  storage::NewUnit unit;
  unit.record = {.id = ids.first_unit,
                 .item = ids.first_item,
                 .type = UnitType::kClip,
                 .range = std::nullopt,
                 .vectors = {{.frame_time_us = std::nullopt, .embedding = std::move(clip.encoding.embedding)}}};
  if (collection.config().patch_storage != storage::PatchStorage::kNone) unit.tokens = std::move(clip.encoding.patches);
  storage::ItemRecord item;
  item.id = ids.first_item;
  item.paths = {std::move(path)};
  item.width = clip.width;
  item.height = clip.height;
  item.units = {ids.first_unit};
  storage::WriteSet changes;
  if (replaced) {
    // By itself: a path has one owner.
    changes.remove_items = {*replaced};
    SL_RETURN_IF_ERROR(collection.Commit(std::exchange(changes, {})));
  }
  changes.put_items.push_back(std::move(item));
  changes.put_units.push_back(std::move(unit));
  SL_RETURN_IF_ERROR(collection.Commit(changes));
  return {};
}

}  // namespace

Result<std::vector<storage::JobError>> IndexFrameLists(std::span<const std::filesystem::path> files, int frames,
                                                       storage::Collection& collection, encoder::Encoder& encoder,
                                                       std::stop_token stop) {
  const storage::RecordStore& records = collection.records();
  const bool is_fp16 = collection.config().patch_storage == storage::PatchStorage::kFp16;
  std::vector<storage::JobError> errors;
  for (const std::filesystem::path& file : files) {
    storage::ItemPath path = Look(file);
    SL_ASSIGN_OR_RETURN(const std::optional<ItemId> known, records.FindItem(path.path));
    if (known) {
      SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(std::span(&*known, 1)));
      if (items[0] && items[0]->paths == std::vector{path}) continue;
    }
    auto clip = EncodeFile(file, frames, is_fp16 ? TokenFormat::kFp16 : TokenFormat::kInt8, encoder, {.stop = stop});
    if (clip) {
      SL_RETURN_IF_ERROR(CommitClip(*std::move(clip), std::move(path), known, collection));
      continue;
    }
    if (clip.error().code == ErrorCode::kCancelled) return tl::unexpected<Error>(std::move(clip).error());
    errors.push_back({file.string(), std::move(clip).error().message});
  }
  return errors;
}

}  // namespace sightline::eval
