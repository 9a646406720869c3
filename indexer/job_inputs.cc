// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/job_inputs.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace sightline::indexer {
namespace {

// How a job record tells its inputs apart; what does not begin with "--" is a path.
constexpr std::string_view kManifestFlag = "--manifest=";
constexpr std::string_view kCaptionsFlag = "--captions=";
constexpr std::string_view kShardFlag = "--shard=";

constexpr std::string_view kClipSeconds = "--clip-seconds=";
constexpr std::string_view kClipOverlap = "--clip-overlap=";
constexpr std::string_view kFrames = "--frames=";
constexpr std::string_view kMaxClips = "--max-clips=";
constexpr std::string_view kKeyFrames = "--key-frames";
constexpr std::string_view kNoFrameVectors = "--no-frame-vectors";
constexpr std::string_view kNoExif = "--no-exif";
constexpr std::string_view kIcc = "--icc";
constexpr std::array kOptionFlags = {kClipSeconds, kClipOverlap,    kFrames, kMaxClips,
                                     kKeyFrames,   kNoFrameVectors, kNoExif, kIcc};

bool IsOption(std::string_view text) {
  return std::any_of(kOptionFlags.begin(), kOptionFlags.end(), [text](std::string_view flag) {
    return flag.ends_with('=') ? text.starts_with(flag) : text == flag;
  });
}

template <typename Number>
Result<Number> NumberOf(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return Fail(ErrorCode::kInvalidArgument, fmt::format("a job record has \"{}\" where a number should be", text));
}

Result<int64_t> MicrosecondsOf(std::string_view text) {
  SL_ASSIGN_OR_RETURN(const double seconds, NumberOf<double>(text));
  if (seconds >= 0 && seconds <= 86400) return std::llround(seconds * 1e6);
  return Fail(ErrorCode::kInvalidArgument, fmt::format("a job record has clips of \"{}\" seconds", text));
}

void AppendOptions(const IndexOptions& options, std::vector<std::string>& texts) {
  const IndexOptions usual;
  const auto seconds = [](int64_t us) { return static_cast<double>(us) / 1e6; };
  const auto value = [&texts](bool differs, std::string_view flag, auto number) {
    if (differs) texts.push_back(fmt::format("{}{}", flag, number));
  };
  const auto mark = [&texts](bool differs, std::string_view flag) {
    if (differs) texts.emplace_back(flag);
  };
  const media::ClipOptions& clips = options.clips;
  value(clips.window_us != usual.clips.window_us, kClipSeconds, seconds(clips.window_us));
  value(clips.overlap_us != usual.clips.overlap_us, kClipOverlap, seconds(clips.overlap_us));
  value(clips.frames != usual.clips.frames, kFrames, clips.frames);
  value(clips.max_clips != usual.clips.max_clips, kMaxClips, clips.max_clips);
  mark(options.key_frames, kKeyFrames);
  mark(!options.frame_vectors, kNoFrameVectors);
  mark(!options.apply_exif_orientation, kNoExif);
  mark(options.convert_icc_to_srgb, kIcc);
}

}  // namespace

std::vector<std::string> JobInputs(const IndexInputs& inputs, const IndexOptions& options) {
  std::vector<std::string> texts;
  for (const DescribedFile& file : inputs.files) texts.push_back(file.path.string());
  for (const auto& path : inputs.paths) texts.push_back(path.string());
  for (const auto& file : inputs.manifests) texts.push_back(fmt::format("{}{}", kManifestFlag, file.string()));
  for (const auto& file : inputs.captions) texts.push_back(fmt::format("{}{}", kCaptionsFlag, file.string()));
  const PathShard& shard = inputs.shard;
  if (shard.count > 1) texts.push_back(fmt::format("{}{}/{}", kShardFlag, shard.index, shard.count));
  AppendOptions(options, texts);
  return texts;
}

Result<IndexInputs> InputsOfJob(const storage::JobRecord& job) {
  IndexInputs inputs;
  for (const std::string& text : job.inputs) {
    const auto after = [&text](std::string_view flag) { return std::string_view(text).substr(flag.size()); };
    if (text.starts_with(kManifestFlag)) {
      inputs.manifests.emplace_back(after(kManifestFlag));
    } else if (text.starts_with(kCaptionsFlag)) {
      inputs.captions.emplace_back(after(kCaptionsFlag));
    } else if (text.starts_with(kShardFlag)) {
      SL_ASSIGN_OR_RETURN(inputs.shard, ParsePathShard(after(kShardFlag)));
    } else if (!text.starts_with("--")) {
      inputs.paths.emplace_back(text);
    } else if (!IsOption(text)) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("job {} was an import or a merge: only indexing can be resumed", job.id.value));
    }
  }
  return inputs;
}

Result<IndexOptions> OptionsOfJob(const storage::JobRecord& job, IndexOptions options) {
  for (const std::string& text : job.inputs) {
    const auto after = [&text](std::string_view flag) { return std::string_view(text).substr(flag.size()); };
    if (text.starts_with(kClipSeconds)) {
      SL_ASSIGN_OR_RETURN(options.clips.window_us, MicrosecondsOf(after(kClipSeconds)));
    } else if (text.starts_with(kClipOverlap)) {
      SL_ASSIGN_OR_RETURN(options.clips.overlap_us, MicrosecondsOf(after(kClipOverlap)));
    } else if (text.starts_with(kFrames)) {
      SL_ASSIGN_OR_RETURN(options.clips.frames, NumberOf<int>(after(kFrames)));
    } else if (text.starts_with(kMaxClips)) {
      SL_ASSIGN_OR_RETURN(options.clips.max_clips, NumberOf<size_t>(after(kMaxClips)));
    }
    options.key_frames = options.key_frames || text == kKeyFrames;
    options.frame_vectors = options.frame_vectors && text != kNoFrameVectors;
    options.apply_exif_orientation = options.apply_exif_orientation && text != kNoExif;
    options.convert_icc_to_srgb = options.convert_icc_to_srgb || text == kIcc;
  }
  return options;
}

}  // namespace sightline::indexer
