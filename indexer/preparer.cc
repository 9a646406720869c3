// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/preparer.h"

#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/sha256.h"
#include "encoder/preprocess.h"
#include "media/image.h"
#include "media/source.h"

namespace sightline::indexer {
namespace {

// Note [Memory]
// Every worker may hold one file and its decoded picture, so the pipeline's memory is bounded by workers x largest
// picture. To keep that flat whatever lies in a folder, pictures beyond these sizes go through one at a time.
constexpr uint64_t kBigFileBytes = 64 << 20;
constexpr uint64_t kBigPicturePixels = 64 << 20;

constexpr int kThumbnailQuality = 80;

// Note [Unchanged files]
// A file is taken for unchanged when its size and time are those that were stored. The modification time alone would
// not do: it travels with a file that is renamed over another, and tools set it back. The status change time moves with
// each of these, so the later of both is stored. Clocks of file systems are coarse, so a file may change again without
// its time showing it: a time that is younger than this is stored as 0, and the next run reads the file once more.
constexpr int64_t kSettledNanos = 100'000'000;

storage::ContentHash HashOf(std::span<const std::byte> bytes) {
  Sha256 sha;
  sha.Update(bytes);
  const Sha256Digest digest = sha.Finish();
  storage::ContentHash hash;
  std::copy_n(digest.begin(), hash.size(), hash.begin());
  return hash;
}

int64_t Nanos(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

int64_t ChangeTime(const struct stat& info) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  if (Nanos(now) - Nanos(info.st_ctim) < kSettledNanos) return 0;
  return std::max(Nanos(info.st_mtim), Nanos(info.st_ctim));
}

std::string DescribeMode(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder, not a file";
  if (S_ISFIFO(mode)) return "not a regular file: a FIFO";
  return "not a regular file";
}

Status AddUnit(WorkItem& item, const ImageRgb8& picture, int image_res, int thumbnail_side) {
  WorkUnit unit;
  unit.stored.record.type = UnitType::kImage;
  SL_ASSIGN_OR_RETURN(unit.model_pixels, encoder::ResizeToModelPixels(picture, image_res));
  if (thumbnail_side > 0) {
    SL_ASSIGN_OR_RETURN(unit.stored.thumbnail, media::MakeThumbnailJpeg(picture, thumbnail_side, kThumbnailQuality));
  }
  item.units.push_back(std::move(unit));
  return {};
}

}  // namespace

WorkItem Preparer::Look(const std::filesystem::path& path) {
  WorkItem item;
  item.location.path = path.string();
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    item.Fail(std::generic_category().message(errno));
  } else if (!S_ISREG(info.st_mode)) {
    item.Fail(DescribeMode(info.st_mode));
  } else {
    item.location.size_bytes = static_cast<uint64_t>(info.st_size);
    item.location.mtime_ns = ChangeTime(info);
  }
  return item;
}

Result<bool> Preparer::IsUnchanged(const storage::ItemPath& location) const {
  if (location.mtime_ns == 0) return false;
  SL_ASSIGN_OR_RETURN(const std::optional<ItemId> id, records_.FindItem(location.path));
  if (!id) return false;
  SL_ASSIGN_OR_RETURN(const auto items, records_.GetItems(std::span(&*id, 1)));
  if (items.size() != 1 || !items[0]) return false;
  const auto& paths = items[0]->paths;
  return std::find(paths.begin(), paths.end(), location) != paths.end();
}

Result<WorkItem> Preparer::Prepare(const ScanEntry& entry, std::stop_token stop) const {
  WorkItem item;
  item.location.path = entry.path.string();
  if (stop.stop_requested()) return item;
  if (!entry.error.empty()) {
    item.Fail(entry.error);
    return item;
  }
  item = Look(entry.path);
  if (item.state == WorkState::kFailed) return item;
  SL_ASSIGN_OR_RETURN(const bool unchanged, IsUnchanged(item.location));
  if (unchanged) {
    item.state = WorkState::kUnchanged;
    return item;
  }
  auto lane = LaneForSize(item.location.size_bytes);
  const Bytes bytes = Read(item);
  if (!bytes) return item;
  SL_ASSIGN_OR_RETURN(const std::optional<ItemId> known, records_.FindItem(item.hash));
  if (known) {
    item.state = WorkState::kKnownContent;
  } else {
    Decode(item, bytes, lane, stop);
  }
  return item;
}

WorkItem Preparer::PrepareAnew(const std::filesystem::path& path, std::stop_token stop) const {
  WorkItem item = Look(path);
  if (item.state == WorkState::kFailed) return item;
  auto lane = LaneForSize(item.location.size_bytes);
  const Bytes bytes = Read(item);
  if (bytes) Decode(item, bytes, lane, stop);
  return item;
}

std::unique_lock<std::mutex> Preparer::LaneForSize(uint64_t size_bytes) const {
  return size_bytes > kBigFileBytes ? std::unique_lock(big_lane_) : std::unique_lock(big_lane_, std::defer_lock);
}

// The whole file, hashed; null when the item failed.
Preparer::Bytes Preparer::Read(WorkItem& item) const {
  if (item.location.size_bytes == 0) {
    item.Fail("the file is empty");
    return nullptr;
  }
  auto bytes = media::Source::FromFile(item.location.path).ReadAll(options_.max_file_bytes);
  if (!bytes) {
    item.Fail(std::move(bytes.error().message));
    return nullptr;
  }
  if ((*bytes)->size() != item.location.size_bytes) {
    item.Fail("the file changed while it was read");
    return nullptr;
  }
  item.hash = HashOf(**bytes);
  return *std::move(bytes);
}

void Preparer::Decode(WorkItem& item, const Bytes& bytes, std::unique_lock<std::mutex>& big_lane,
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
  item.width = picture->width;
  item.height = picture->height;
  item.state = WorkState::kNewContent;
}

}  // namespace sightline::indexer
