// SPDX-License-Identifier: BSD-3-Clause
#include "query/stills.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "media/image.h"
#include "media/source_reader.h"
#include "media/tar_reader.h"
#include "media/video_reader.h"

namespace sightline::query {
namespace {

// A frame that is shown, and the hit that it stands for.
struct Wanted {
  int64_t time_us = 0;
  size_t hit = 0;
};

// The stored thumbnails, by hit.
Result<std::vector<Still>> ReadThumbnails(std::span<const Hit> hits, const storage::RecordStore& records) {
  std::vector<UnitId> units;
  for (const Hit& hit : hits) units.push_back(hit.unit);
  SL_ASSIGN_OR_RETURN(auto thumbnails, records.GetThumbnails(units));
  std::vector<Still> stills(hits.size());
  for (size_t i = 0; i < hits.size(); ++i) {
    if (thumbnails[i]) stills[i] = *std::move(thumbnails[i]);
  }
  return stills;
}

int64_t ShownTime(const Hit& hit) {
  if (hit.best_frame_us) return *hit.best_frame_us;
  return hit.range ? hit.range->start_us + (hit.range->end_us - hit.range->start_us) / 2 : 0;
}

// The frames that are missing, by video, in order of time.
std::map<ItemId, std::vector<Wanted>> MissingFrames(std::span<const Hit> hits, std::span<const Still> stills) {
  std::map<ItemId, std::vector<Wanted>> videos;
  for (size_t i = 0; i < hits.size(); ++i) {
    if (hits[i].type == UnitType::kClip && stills[i].empty()) videos[hits[i].item].push_back({ShownTime(hits[i]), i});
  }
  for (auto& [item, wanted] : videos) {
    std::sort(wanted.begin(), wanted.end(), [](const Wanted& a, const Wanted& b) { return a.time_us < b.time_us; });
  }
  return videos;
}

// The item's video at the first path that still has the size that it had.
std::unique_ptr<media::VideoReader> OpenVideo(const storage::ItemRecord& item, const StillOptions& options) {
  media::VideoOptions video_options;
  video_options.decoder_threads = options.decoder_threads;
  video_options.limits = options.limits;
  for (const storage::ItemPath& path : item.paths) {
    const auto source = media::OpenLocation(path.path);
    if (!source) continue;
    const auto bytes = media::SourceReader::Open(*source);
    if (!bytes || bytes->size_bytes() != path.size_bytes) continue;
    auto reader = media::VideoReader::Open(*source, video_options);
    if (reader) return *std::move(reader);
  }
  return nullptr;
}

void FillFrom(media::VideoReader& reader, std::span<const Wanted> wanted, const StillOptions& options,
              std::vector<Still>& stills) {
  std::vector<int64_t> times_us;
  for (const Wanted& frame : wanted) times_us.push_back(frame.time_us);
  // What was visited before a failure is kept.
  static_cast<void>(
      reader.VisitFramesAt(times_us, media::FrameAccess::kExact, [&](size_t index, const media::VideoFrame& frame) {
        auto jpeg = media::MakeThumbnailJpeg(frame.picture, options.max_side, options.quality);
        if (jpeg) stills[wanted[index].hit] = *std::move(jpeg);
        return true;
      }));
}

}  // namespace

Result<std::vector<Still>> MakeStills(std::span<const Hit> hits, const storage::RecordStore& records,
                                      const StillOptions& options) {
  SL_ASSIGN_OR_RETURN(std::vector<Still> stills, ReadThumbnails(hits, records));
  for (const auto& [id, wanted] : MissingFrames(hits, stills)) {
    if (const Status status = options.limits.Check("make stills"); !status) {
      if (status.error().code == ErrorCode::kDeadlineExceeded) break;
      return tl::unexpected<Error>(status.error());
    }
    SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(std::span(&id, 1)));
    const std::unique_ptr<media::VideoReader> reader = items[0] ? OpenVideo(*items[0], options) : nullptr;
    if (reader != nullptr) FillFrom(*reader, wanted, options, stills);
  }
  return stills;
}

}  // namespace sightline::query
