// SPDX-License-Identifier: BSD-3-Clause
#include "query/reencode_clips.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "encoder/preprocess.h"
#include "media/content_hash.h"
#include "media/tar_reader.h"
#include "media/video_reader.h"

namespace sightline::query {
namespace {

/// Model pixels of one video by the time of the frame.
using FrameTable = std::map<int64_t, ImageRgb8>;

std::vector<int64_t> FrameTimes(const storage::UnitRecord& unit) {
  std::vector<int64_t> times;
  for (const storage::UnitVector& vector : unit.vectors) {
    if (vector.frame_time_us) times.push_back(*vector.frame_time_us);
  }
  return times;
}

// The item's video, opened; null when no path has it any more.
std::unique_ptr<media::VideoReader> OpenVideo(const storage::ItemRecord& item, const Limits& limits) {
  media::VideoOptions options;
  options.limits = limits;
  for (const storage::ItemPath& path : item.paths) {
    const auto source = media::OpenLocation(path.path);
    if (!source) continue;
    const auto hash = media::HashContent(*source, limits);
    if (!hash || *hash != item.hash) continue;
    auto reader = media::VideoReader::Open(*source, options);
    if (reader) return *std::move(reader);
  }
  return nullptr;
}

// Frames that cannot be had are left out.
FrameTable ReadFrames(const storage::ItemRecord& item, std::vector<int64_t> times_us, int image_res,
                      const Limits& limits) {
  FrameTable frames;
  const auto reader = OpenVideo(item, limits);
  if (!reader) return frames;
  std::sort(times_us.begin(), times_us.end());
  times_us.erase(std::unique(times_us.begin(), times_us.end()), times_us.end());
  static_cast<void>(
      reader->VisitFramesAt(times_us, media::FrameAccess::kExact, [&](size_t index, const media::VideoFrame& frame) {
        auto pixels = encoder::ResizeToModelPixels(frame.picture, image_res);
        if (pixels) frames.emplace(times_us[index], *std::move(pixels));
        return true;
      }));
  return frames;
}

}  // namespace

void EncodeClipsAgain(std::span<const MissingUnit> batch, encoder::Encoder& encoder, const Limits& limits,
                      TokenTable& table) {
  std::map<ItemId, std::vector<const MissingUnit*>> videos;
  for (const MissingUnit& missing : batch) {
    if (missing.unit.type == UnitType::kClip) videos[missing.item.id].push_back(&missing);
  }
  std::vector<FrameTable> frames;
  std::vector<UnitId> found;
  std::vector<std::vector<const ImageRgb8*>> pixels;
  frames.reserve(videos.size());  // `pixels` points into it
  for (const auto& [id, clips] : videos) {
    std::vector<int64_t> times;
    for (const MissingUnit* clip : clips) {
      for (const int64_t time : FrameTimes(clip->unit)) times.push_back(time);
    }
    const FrameTable& read =
        frames.emplace_back(ReadFrames(clips[0]->item, times, encoder.info().config.vision.image_res, limits));
    for (const MissingUnit* clip : clips) {
      std::vector<const ImageRgb8*> of_clip;
      const std::vector<int64_t> wanted = FrameTimes(clip->unit);
      for (const int64_t time : wanted) {
        if (const auto it = read.find(time); it != read.end()) of_clip.push_back(&it->second);
      }
      if (of_clip.empty() || of_clip.size() != wanted.size()) continue;
      found.push_back(clip->unit.id);
      pixels.push_back(std::move(of_clip));
    }
  }
  if (found.empty()) return;
  std::vector<encoder::ClipRequest> requests;
  for (const auto& clip : pixels) requests.push_back({.frames = clip, .limits = limits});
  auto encodings = encoder.EncodeClips(requests, TokenFormat::kFp16);
  for (size_t i = 0; i < found.size(); ++i) {
    if (encodings[i]) table.emplace(found[i], std::make_shared<const TokenMatrix>(std::move(encodings[i]->patches)));
  }
}

}  // namespace sightline::query
