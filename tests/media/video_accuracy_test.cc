// SPDX-License-Identifier: BSD-3-Clause
//
// For every asked time the frame that is shown then: read in order, entered anywhere, in every container and codec.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "media/video_reader.h"
#include "tests/media/test_clips.h"
#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using ::sightline::testing::IsOk;
using testing::ClipSpec;
using testing::FrameTimes;
using testing::HasEncoder;
using testing::MakeClip;
using testing::MemorySource;
using testing::ReadNumber;

struct NamedClip {
  std::string name;
  ClipSpec spec;
  /// How far a container's own clock may round a time (1/1000 s, 1/90000 s).
  int64_t tolerance_us = 0;
};

void PrintTo(const NamedClip& clip, std::ostream* out) { *out << clip.name; }

std::vector<int64_t> IrregularTicks(int count) {
  std::mt19937 random(7);
  std::vector<int64_t> ticks;
  int64_t tick = 0;
  for (int i = 0; i < count; ++i, tick += 10 + random() % 190) ticks.push_back(tick);
  return ticks;
}

std::vector<NamedClip> Clips() {
  const testing::Options quiet_x265 = {{"x265-params", "log-level=none"}, {"preset", "ultrafast"}};
  return {
      {"mp4_h264", {}},
      {"mp4_h264_b_frames", {.b_frames = 3}},
      {"mp4_h264_open_gop", {.b_frames = 3, .codec_options = {{"x264-params", "open-gop=1:bframes=3:b-adapt=0"}}}},
      {"mp4_vfr", {.time_base = {1, 1000}, .ticks = IrregularTicks(60), .b_frames = 2}},
      {"mp4_late_start", {.first_tick = 75, .b_frames = 2}},
      {"mp4_fragmented", {.b_frames = 2, .muxer_options = {{"movflags", "frag_keyframe+empty_moov"}}}},
      {"mp4_odd_size", {.width = 130, .height = 98, .format = AV_PIX_FMT_YUV420P}},
      {"mp4_odd_444", {.width = 131, .height = 97, .format = AV_PIX_FMT_YUV444P}},
      {"mp4_turned_90", {.b_frames = 2, .exif_orientation = 6}},
      {"mp4_turned_180", {.exif_orientation = 3}},
      {"mov_turned_270", {.container = "mov", .exif_orientation = 8}},
      {"mp4_h264_10_bit", {.format = AV_PIX_FMT_YUV420P10LE, .b_frames = 2}},
      {"mp4_mpeg4", {.codec = "mpeg4", .b_frames = 2}},
      {"mkv_h264_b_frames", {.container = "matroska", .b_frames = 3}, 1000},
      {"mkv_hevc", {.codec = "libx265", .container = "matroska", .b_frames = 2, .codec_options = quiet_x265}, 1000},
      {"mkv_ffv1", {.codec = "ffv1", .container = "matroska"}, 1000},
      {"webm_vp8", {.codec = "libvpx", .container = "webm", .codec_options = {{"deadline", "realtime"}}}, 1000},
      {"webm_vp9", {.codec = "libvpx-vp9", .container = "webm", .codec_options = {{"deadline", "realtime"}}}, 1000},
      {"mp4_av1", {.codec = "libaom-av1", .frames = 40, .codec_options = {{"cpu-used", "8"}, {"usage", "realtime"}}}},
      {"avi_mpeg4", {.codec = "mpeg4", .container = "avi"}},
      {"avi_mpeg4_b_frames", {.codec = "mpeg4", .container = "avi", .b_frames = 2}},
      {"avi_h264_b_frames", {.container = "avi", .b_frames = 2}},
      {"avi_mjpeg", {.codec = "mjpeg", .container = "avi", .format = AV_PIX_FMT_YUVJ420P}},
      {"flv_h264", {.container = "flv", .b_frames = 2}, 1000},
      {"ts_h264", {.container = "mpegts", .b_frames = 3}, 20},
      {"ts_hevc", {.codec = "libx265", .container = "mpegts", .codec_options = quiet_x265}, 20},
      {"ts_mpeg2", {.codec = "mpeg2video", .container = "mpegts", .b_frames = 2}, 20},
      {"ps_mpeg2", {.codec = "mpeg2video", .container = "vob", .b_frames = 2}, 20},
      {"gif", {.codec = "gif", .container = "gif", .format = AV_PIX_FMT_GRAY8, .time_base = {1, 20}}},
      {"raw_h264", {.container = "h264", .time_base = {1, 25}}},
      {"ivf_vp9", {.codec = "libvpx-vp9", .container = "ivf", .codec_options = {{"deadline", "realtime"}}}},
  };
}

class VideoAccuracyTest : public ::testing::TestWithParam<NamedClip> {
 protected:
  void SetUp() override {
    if (!HasEncoder(GetParam().spec.codec)) GTEST_SKIP() << "no encoder " << GetParam().spec.codec;
    file_ = MakeClip(GetParam().spec);
    starts_ = FrameTimes(GetParam().spec);
  }

  std::unique_ptr<VideoReader> Open(int threads = 1) {
    auto reader = VideoReader::Open(MemorySource(file_, GetParam().name), {.decoder_threads = threads});
    EXPECT_THAT(reader, IsOk());
    return reader ? *std::move(reader) : nullptr;
  }

  /// Times well inside the frames, whatever the container rounds.
  std::vector<int64_t> Middles() const {
    std::vector<int64_t> times;
    for (size_t i = 0; i + 1 < starts_.size(); ++i) times.push_back((starts_[i] + starts_[i + 1]) / 2);
    times.push_back(starts_.back() + 5'000);
    return times;
  }

  void ExpectFrame(const VideoFrame& frame, size_t number) {
    EXPECT_EQ(ReadNumber(frame.picture), static_cast<int>(number)) << "at " << frame.time_us;
    EXPECT_NEAR(static_cast<double>(frame.time_us), static_cast<double>(starts_[number]),
                static_cast<double>(GetParam().tolerance_us + 1));
  }

  std::string file_;
  std::vector<int64_t> starts_;
};

TEST_P(VideoAccuracyTest, ReadInOrderEveryTimeGivesItsFrame) {
  for (const int threads : {1, 4}) {
    const auto reader = Open(threads);
    ASSERT_NE(reader, nullptr);
    const auto frames = reader->FramesAt(Middles(), FrameAccess::kExact);
    ASSERT_THAT(frames, IsOk());
    ASSERT_EQ(frames->size(), starts_.size());
    for (size_t i = 0; i < starts_.size(); ++i) ExpectFrame((*frames)[i], i);
  }
}

TEST_P(VideoAccuracyTest, EnteredAnywhereEveryTimeGivesItsFrame) {
  const auto reader = Open();
  ASSERT_NE(reader, nullptr);
  const std::vector<int64_t> times = Middles();
  std::vector<size_t> order(times.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), std::mt19937(11));
  for (const size_t i : order) {
    const auto frames = reader->FramesAt(std::vector{times[i]}, FrameAccess::kExact);
    ASSERT_THAT(frames, IsOk());
    ExpectFrame(frames->front(), i);
  }
}

TEST_P(VideoAccuracyTest, SparseTimesGiveTheirFrames) {
  const auto reader = Open(2);
  ASSERT_NE(reader, nullptr);
  const std::vector<int64_t> middles = Middles();
  std::vector<int64_t> times;
  for (size_t i = 3; i < middles.size(); i += 17) times.push_back(middles[i]);
  const auto frames = reader->FramesAt(times, FrameAccess::kExact);
  ASSERT_THAT(frames, IsOk());
  for (size_t i = 0; i < times.size(); ++i) ExpectFrame((*frames)[i], 3 + 17 * i);
}

TEST_P(VideoAccuracyTest, DurationAndEndsAreRight) {
  const auto reader = Open();
  ASSERT_NE(reader, nullptr);
  EXPECT_GE(reader->info().duration_us, starts_.back() - 1);  // the last frame's own time may be missing
  EXPECT_LT(reader->info().duration_us, starts_.back() + 250'000);
  const auto frames = reader->FramesAt(std::vector<int64_t>{-5, 0, 3'600'000'000}, FrameAccess::kExact);
  ASSERT_THAT(frames, IsOk());
  ExpectFrame((*frames)[0], 0);
  ExpectFrame((*frames)[1], 0);
  ExpectFrame((*frames)[2], starts_.size() - 1);
}

TEST_P(VideoAccuracyTest, KeyFramesAreWhole) {
  const auto reader = Open();
  ASSERT_NE(reader, nullptr);
  const auto frames = reader->FramesAt(Middles(), FrameAccess::kKeyFrame);
  ASSERT_THAT(frames, IsOk());
  for (size_t i = 0; i < frames->size(); ++i) {
    const VideoFrame& frame = (*frames)[i];
    const int number = ReadNumber(frame.picture);
    ASSERT_GE(number, 0);
    ASSERT_LT(static_cast<size_t>(number), starts_.size());
    EXPECT_NEAR(static_cast<double>(frame.time_us), static_cast<double>(starts_[static_cast<size_t>(number)]),
                static_cast<double>(GetParam().tolerance_us + 1));
  }
}

INSTANTIATE_TEST_SUITE_P(All, VideoAccuracyTest, ::testing::ValuesIn(Clips()),
                         [](const auto& clip) { return clip.param.name; });

}  // namespace
}  // namespace sightline::media
