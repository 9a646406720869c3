// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/picture_preparer.h"

#include <utility>

#include "encoder/preprocess.h"
#include "media/content_hash.h"
#include "media/image.h"
#include "media/picture_metadata.h"
#include "media/source.h"

namespace sightline::indexer {
namespace {

// Note [Memory]
// Every worker may hold one file and its decoded picture, so the pipeline's memory is bounded by workers x largest
// picture. To keep that flat whatever lies in a folder, pictures beyond these sizes go through one at a time.
constexpr uint64_t kBigFileBytes = 64 << 20;
constexpr uint64_t kBigPicturePixels = 64 << 20;

constexpr int kThumbnailQuality = 80;

// What the camera wrote into the file (Note [Whose metadata]).
Metadata MetadataOf(const media::Source& source, uint64_t max_bytes) {
  Metadata metadata;
  const auto read = media::ReadPictureMetadata(source, max_bytes);
  if (!read) return metadata;
  const auto set = [&metadata](std::string_view key, MetadataValue value) {
    metadata[std::string(key)] = {std::move(value)};
  };
  if (read->taken_at) set(metadata_key::kTakenAt, Timestamp{*read->taken_at});
  if (!read->camera.empty()) set(metadata_key::kCamera, read->camera);
  if (read->latitude) set(metadata_key::kLatitude, *read->latitude);
  if (read->longitude) set(metadata_key::kLongitude, *read->longitude);
  return metadata;
}

Status AddUnit(WorkItem& item, const ImageRgb8& picture, int image_res, int thumbnail_side) {
  WorkUnit unit;
  unit.stored.record.type = UnitType::kImage;
  SL_ASSIGN_OR_RETURN(unit.input, encoder::ResizeToModelPixels(picture, image_res));
  if (thumbnail_side > 0) {
    SL_ASSIGN_OR_RETURN(unit.stored.thumbnail, media::MakeThumbnailJpeg(picture, thumbnail_side, kThumbnailQuality));
  }
  item.units.push_back(std::move(unit));
  return {};
}

}  // namespace

Status PicturePreparer::Prepare(WorkItem& item, const ContentKnown& is_known, std::stop_token stop) const {
  auto lane = LaneForSize(item.location.size_bytes);
  const Bytes bytes = Read(item);
  if (!bytes) return {};
  SL_ASSIGN_OR_RETURN(const bool known, is_known(item.hash));
  if (known) {
    item.state = WorkState::kKnownContent;
  } else {
    Decode(item, bytes, lane, stop);
  }
  return {};
}

std::unique_lock<std::mutex> PicturePreparer::LaneForSize(uint64_t size_bytes) const {
  return size_bytes > kBigFileBytes ? std::unique_lock(big_lane_) : std::unique_lock(big_lane_, std::defer_lock);
}

// The whole file, hashed; null when the item failed.
PicturePreparer::Bytes PicturePreparer::Read(WorkItem& item) const {
  if (item.location.size_bytes == 0) {
    item.Fail("the file is empty");
    return nullptr;
  }
  auto bytes = SourceOf(item.input).ReadAll(options_.max_file_bytes);
  if (!bytes) {
    item.Fail(std::move(bytes.error().message));
    return nullptr;
  }
  if ((*bytes)->size() != item.location.size_bytes) {
    item.Fail("the file changed while it was read");
    return nullptr;
  }
  item.hash = media::HashBytes(**bytes);
  return *std::move(bytes);
}

void PicturePreparer::Decode(WorkItem& item, const Bytes& bytes, std::unique_lock<std::mutex>& big_lane,
                             std::stop_token stop) const {
  const media::Source source = media::Source::FromMemory(bytes, item.location.path);
  const auto info = media::ProbeImage(source, options_.max_file_bytes);
  if (info && !big_lane.owns_lock()) {
    const auto pixels = static_cast<uint64_t>(info->width) * static_cast<uint64_t>(info->height);
    if (pixels > kBigPicturePixels) big_lane.lock();
  }
  media::DecodeOptions decode;
  decode.apply_exif_orientation = options_.apply_exif_orientation;
  decode.convert_icc_to_srgb = options_.convert_icc_to_srgb;
  decode.max_pixels = options_.max_pixels;
  decode.max_bytes = options_.max_file_bytes;
  decode.limits = Limits::After(options_.file_timeout, stop);
  const auto picture = media::DecodeImage(source, decode);
  if (!picture) {
    if (picture.error().code == ErrorCode::kCancelled) return;  // stays kSkipped
    item.Fail(picture.error().message);
    return;
  }
  if (auto added = AddUnit(item, *picture, image_res_, options_.thumbnail_side); !added) {
    item.Fail(std::move(added.error().message));
    return;
  }
  item.content_metadata = MetadataOf(source, options_.max_file_bytes);
  item.width = picture->width;
  item.height = picture->height;
  item.state = WorkState::kNewContent;
}

}  // namespace sightline::indexer
