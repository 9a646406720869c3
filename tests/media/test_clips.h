// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

extern "C" {
#include <libavcodec/avcodec.h>
}

#include "base/types.h"

namespace sightline::media::testing {

using Options = std::vector<std::pair<std::string, std::string>>;

/// A clip whose frames carry their number: 12 cells in 4 columns and 3 rows, bit 0 at the top left, white for 1.
struct ClipSpec {
  std::string codec = "libx264";
  std::string container = "mp4";
  int width = 128;
  int height = 96;
  AVPixelFormat format = AV_PIX_FMT_YUV420P;
  int frames = 60;
  AVRational time_base = {1, 30};
  /// When frame n is shown, in ticks of the time base; ascending. Empty: 0, 1, 2, ...
  std::vector<int64_t> ticks{};
  int64_t first_tick = 0;  ///< Added to all.
  int gop = 12;
  int b_frames = 0;
  int exif_orientation = 1;  ///< Only 1, 3, 6 and 8.
  AVRational sample_aspect = {1, 1};
  int first_number = 0;  ///< That the first frame carries.
  /// All samples of every frame instead of a number: Y, U and V of the format.
  std::optional<std::array<int, 3>> color{};
  AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
  AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
  bool noise = false;       ///< Moving stripes below the number, so that there is something to decode.
  bool with_cover = false;  ///< An attached picture of 320 x 320 pixels, listed first.
  Options codec_options{};
  Options muxer_options{};
  Options tags{};
};

/// Whether FFmpeg has the encoder, by its name.
bool HasEncoder(const std::string& codec);

/// The file. Fails the test when it cannot be made.
std::string MakeClip(const ClipSpec& spec);

/// A file with half a second of silence and no video.
std::string MakeAudioFile(const std::string& codec, const std::string& container);

/// When frame n of the clip is shown, in microseconds from the first one.
std::vector<int64_t> FrameTimes(const ClipSpec& spec);

/// The number that a frame carries, shown upright; -1 when a cell is neither black nor white.
int ReadNumber(const ImageRgb8& picture);

}  // namespace sightline::media::testing
