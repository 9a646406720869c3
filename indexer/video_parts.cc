// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/video_parts.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/guard.h"
#include "encoder/preprocess.h"
#include "indexer/item_metadata.h"

namespace sightline::indexer {
namespace {

using storage::ItemRecord;
using storage::UnitRecord;

// Note [Videos in parts]
//
// A video goes through the pipeline as one work item per `encode_batch` clips. The first part makes the item, with the
// number of clips that it will have (metadata_key::kClipsPlanned); until it has so many units it is incomplete, and its
// paths keep the time 0, which no file has. A later run finds the incomplete item by its content hash, plans the clips
// again and goes on after the last one that is stored. That is sound because the plan depends on nothing but content
// and options; if the options are others now, the stored clips differ from the plan and the video begins anew. A
// complete item is left as it is, whatever options made it. A file counts as added when its last part is committed.

// The scan for scene cuts looks at so many frames per second.
constexpr int64_t kScanStepUs = 500'000;

class Timer {
 public:
  explicit Timer(double& seconds) : seconds_(seconds) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

media::VideoOptions ReaderOptions(const IndexOptions& options, std::stop_token stop) {
  media::VideoOptions video;
  video.decoder_threads = static_cast<int>(options.decode_threads);
  video.limits = Limits::After(options.video_timeout, std::move(stop));
  return video;
}

// Of every fourth pixel.
media::LumaHistogram HistogramOf(const ImageRgb8& picture) {
  media::LumaHistogram histogram{};
  for (size_t i = 0; i + 2 < picture.pixels.size(); i += 12) {
    const int luma = (picture.pixels[i] * 299 + picture.pixels[i + 1] * 587 + picture.pixels[i + 2] * 114) / 1000;
    ++histogram[static_cast<size_t>(luma) / (256 / media::kLumaBins)];
  }
  return histogram;
}

void SetNumber(Metadata& metadata, std::string_view key, const std::optional<double>& value) {
  if (value) metadata[std::string(key)] = {*value};
}

}  // namespace

Result<std::unique_ptr<VideoParts>> VideoParts::Open(const WorkItem& item, int image_res, const IndexOptions& options,
                                                     std::stop_token stop, const SceneScan& scan) {
  std::unique_ptr<VideoParts> parts(new VideoParts(item, image_res, options));
  const Timer timer(parts->opening_.plan_seconds);
  const auto reader_options = ReaderOptions(options, std::move(stop));
  SL_ASSIGN_OR_RETURN(parts->reader_, media::VideoReader::Open(SourceOf(item.input), reader_options));
  SL_RETURN_IF_ERROR(parts->Plan(scan));
  parts->Describe();
  return parts;
}

Status VideoParts::Plan(const SceneScan& scan) {
  const int64_t duration_us = reader_->info().duration_us;
  media::SceneCutFinder cuts;
  if (duration_us > options_.clips.window_us) {
    SL_RETURN_IF_ERROR(options_.key_frames ? ScanKeyFrames(scan, cuts) : ScanAll(scan, cuts));
  }
  plan_ = media::PlanClips(duration_us, cuts.Take(), options_.clips);
  return {};
}

Status VideoParts::ScanAll(const SceneScan& scan, media::SceneCutFinder& cuts) {
  return reader_->ScanLuma(kScanStepUs, [&](int64_t time_us, const media::LumaHistogram& histogram) {
    cuts.Add(time_us, histogram);
    TellOfScan(scan, time_us);
    return time_us < scan.end_us;
  });
}

// Encoders begin scenes with key frames where they may, and decoding these alone costs little.
Status VideoParts::ScanKeyFrames(const SceneScan& scan, media::SceneCutFinder& cuts) {
  std::vector<int64_t> times;
  for (int64_t time = 0; time < std::min(reader_->info().duration_us, scan.end_us); time += kScanStepUs) {
    times.push_back(time);
  }
  int64_t last_us = -1;
  return reader_->VisitFramesAt(times, media::FrameAccess::kKeyFrame, [&](size_t, const media::VideoFrame& frame) {
    if (frame.time_us > last_us) cuts.Add(frame.time_us, HistogramOf(frame.picture));
    last_us = std::max(last_us, frame.time_us);
    TellOfScan(scan, last_us);
    return true;
  });
}

void VideoParts::TellOfScan(const SceneScan& scan, int64_t time_us) const {
  if (!scan.on_progress) return;
  scan.on_progress({.path = item_.location.path,
                    .seconds = static_cast<double>(time_us) * 1e-6,
                    .length_seconds = static_cast<double>(duration_us()) * 1e-6});
}

void VideoParts::Describe() {
  const media::VideoInfo& info = reader_->info();
  item_.width = info.width;
  item_.height = info.height;
  Metadata& metadata = item_.content_metadata;
  SetNumber(metadata, metadata_key::kDuration, static_cast<double>(info.duration_us) * 1e-6);
  SetNumber(metadata, metadata_key::kLatitude, info.latitude);
  SetNumber(metadata, metadata_key::kLongitude, info.longitude);
  if (info.created_at) metadata[std::string(metadata_key::kTakenAt)] = {Timestamp{*info.created_at}};
  metadata[std::string(metadata_key::kClipsPlanned)] = {static_cast<int64_t>(plan_.clips.size())};
  if (plan_.windows > plan_.clips.size()) {
    metadata[std::string(metadata_key::kClipsInVideo)] = {static_cast<int64_t>(plan_.windows)};
  }
}

double VideoParts::ExpectedClips(int64_t scanned_us) const {
  const auto planned = static_cast<double>(plan_.clips.size());
  const bool is_limited = plan_.windows > plan_.clips.size();
  if (duration_us() <= scanned_us || is_limited) return planned;
  double within = 0;
  int64_t end_us = 0;
  for (const auto& clip : plan_.clips) {
    if (clip.range.end_us > scanned_us) break;
    end_us = clip.range.end_us;
    ++within;
  }
  if (within == 0) return planned;
  const double whole = within * static_cast<double>(duration_us()) / static_cast<double>(end_us);
  return std::min(whole, static_cast<double>(options_.clips.max_clips));
}

Status VideoParts::SkipStored(const storage::RecordStore& records) {
  SL_ASSIGN_OR_RETURN(const std::optional<ItemId> id, records.FindItem(item_.hash));
  if (!id) return {};
  SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(std::span(&*id, 1)));
  if (items.size() != 1 || !items[0] || IsComplete(*items[0])) return {};
  SL_ASSIGN_OR_RETURN(const auto units, records.GetUnits(items[0]->units));
  if (HasBegun(*items[0], units)) next_clip_ = units.size();
  return {};
}

bool VideoParts::HasBegun(const ItemRecord& stored, const std::vector<std::optional<UnitRecord>>& units) const {
  if (ClipsPlanned(stored) != plan_.clips.size() || units.size() >= plan_.clips.size()) return false;
  const size_t vectors = options_.frame_vectors ? 1 + static_cast<size_t>(options_.clips.frames) : 1;
  for (size_t i = 0; i < units.size(); ++i) {
    if (!units[i] || units[i]->range != plan_.clips[i].range || units[i]->vectors.size() != vectors) return false;
  }
  return true;
}

WorkItem VideoParts::Next() {
  const size_t first = next_clip_;
  auto part = Guard("read clips", [this] { return ReadPart(); });
  if (part) {
    done_ = next_clip_ == plan_.clips.size();
    return *std::move(part);
  }
  done_ = true;
  WorkItem failed = item_;
  if (part.error().code == ErrorCode::kCancelled) {
    failed.state = WorkState::kSkipped;
  } else if (first == 0) {
    failed.Fail(std::move(part.error().message));
  } else {
    failed.Fail(fmt::format("after {} of {} clips: {}", first, plan_.clips.size(), part.error().message));
  }
  return failed;
}

Result<WorkItem> VideoParts::ReadPart() {
  const auto begin = plan_.clips.begin() + static_cast<std::ptrdiff_t>(next_clip_);
  const auto left = static_cast<size_t>(plan_.clips.end() - begin);
  const auto end = begin + static_cast<std::ptrdiff_t>(std::min(left, options_.encode_batch));
  WorkItem part = item_;
  VideoPart& about = part.video.emplace();
  about.first_clip = next_clip_;
  about.clips = plan_.clips.size();
  about.windows = plan_.windows;
  about.times = std::exchange(opening_, {});
  std::vector<int64_t> times;
  for (auto clip = begin; clip != end; ++clip) {
    times.insert(times.end(), clip->frame_times_us.begin(), clip->frame_times_us.end());
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  SL_ASSIGN_OR_RETURN(const std::vector<ClipFrame> frames, ReadFrames(times, about.times));
  for (auto clip = begin; clip != end; ++clip) {
    ClipInput input{.frames = {}, .store_frame_vectors = options_.frame_vectors};
    for (const int64_t time : clip->frame_times_us) {
      const auto at = std::lower_bound(times.begin(), times.end(), time) - times.begin();
      input.frames.push_back(frames[static_cast<size_t>(at)]);
    }
    WorkUnit& unit = part.units.emplace_back();
    unit.input = std::move(input);
    unit.stored.record.type = UnitType::kClip;
    unit.stored.record.range = clip->range;
  }
  next_clip_ += part.units.size();
  about.last = next_clip_ == plan_.clips.size();
  if (!about.last) part.location.mtime_ns = 0;
  return part;
}

// One frame for each time. Times that show the same frame share its pixels.
Result<std::vector<ClipFrame>> VideoParts::ReadFrames(const std::vector<int64_t>& times_us, VideoTimes& times) {
  std::vector<ClipFrame> frames;
  Status resized;
  double scale_seconds = 0;
  double seconds = 0;
  {
    const Timer timer(seconds);
    const auto access = options_.key_frames ? media::FrameAccess::kKeyFrame : media::FrameAccess::kExact;
    SL_RETURN_IF_ERROR(reader_->VisitFramesAt(times_us, access, [&](size_t /*index*/, const media::VideoFrame& frame) {
      if (!frames.empty() && frames.back().time_us == frame.time_us) {
        frames.push_back(frames.back());
        return true;
      }
      const Timer scale(scale_seconds);
      auto pixels = encoder::ResizeToModelPixels(frame.picture, image_res_);
      if (!pixels) {
        resized = tl::unexpected<Error>(std::move(pixels).error());
        return false;
      }
      frames.push_back({frame.time_us, std::make_shared<const ImageRgb8>(*std::move(pixels))});
      return true;
    }));
  }
  SL_RETURN_IF_ERROR(resized);
  if (frames.size() != times_us.size()) return Fail(ErrorCode::kInternal, item_.location.path + ": frames are missing");
  times.decode_seconds += seconds - scale_seconds;
  times.scale_seconds += scale_seconds;
  return frames;
}

}  // namespace sightline::indexer
