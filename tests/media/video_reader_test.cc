// SPDX-License-Identifier: BSD-3-Clause
#include "media/video_reader.h"

#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "media/video_stream_internal.h"
#include "tests/media/test_clips.h"
#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsOk;
using testing::ClipSpec;
using testing::FrameTimes;
using testing::MakeClip;
using testing::MemorySource;
using testing::ReadNumber;

std::unique_ptr<VideoReader> Open(const std::string& file, const VideoOptions& options = {}) {
  auto reader = VideoReader::Open(MemorySource(file), options);
  EXPECT_THAT(reader, IsOk());
  return reader ? *std::move(reader) : nullptr;
}

// ---- colours

struct ColorCase {
  const char* name;
  ClipSpec spec;
  double red_weight, blue_weight;  ///< Kr and Kb of the matrix that must be taken.
  bool full_range;
};

/// The definition of the standards, in floating point.
std::array<double, 3> ToRgb(const ColorCase& test) {
  const int depth = test.spec.format == AV_PIX_FMT_YUV420P10LE ? 10 : 8;
  const double one = 1 << (depth - 8);
  const auto& stored = *test.spec.color;
  const double luma = test.full_range ? stored[0] / one / 255 : (stored[0] / one - 16) / 219;
  const double scale = test.full_range ? 255 : 224;
  const double blue_difference = (stored[1] / one - 128) / scale;
  const double red_difference = (stored[2] / one - 128) / scale;
  const double red = luma + 2 * (1 - test.red_weight) * red_difference;
  const double blue = luma + 2 * (1 - test.blue_weight) * blue_difference;
  const double green =
      (luma - test.red_weight * red - test.blue_weight * blue) / (1 - test.red_weight - test.blue_weight);
  return {255 * red, 255 * green, 255 * blue};
}

TEST(VideoColorTest, MatrixAndRangeFollowTheStandards) {
  const ClipSpec base = {.codec = "ffv1", .container = "matroska", .frames = 2, .color = {{120, 100, 170}}};
  const auto with = [&](int width, int height, AVColorSpace matrix, AVColorRange range) {
    ClipSpec spec = base;
    spec.width = width;
    spec.height = height;
    spec.matrix = matrix;
    spec.range = range;
    return spec;
  };
  ClipSpec ten_bit = with(64, 48, AVCOL_SPC_BT2020_NCL, AVCOL_RANGE_MPEG);
  ten_bit.format = AV_PIX_FMT_YUV420P10LE;
  ten_bit.color = {{481, 402, 683}};
  const std::vector<ColorCase> cases = {
      {"stated BT.601", with(64, 48, AVCOL_SPC_SMPTE170M, AVCOL_RANGE_MPEG), 0.299, 0.114, false},
      {"stated BT.709", with(64, 48, AVCOL_SPC_BT709, AVCOL_RANGE_MPEG), 0.2126, 0.0722, false},
      {"stated BT.601 of full range", with(64, 48, AVCOL_SPC_SMPTE170M, AVCOL_RANGE_JPEG), 0.299, 0.114, true},
      {"stated BT.709 of full range", with(64, 48, AVCOL_SPC_BT709, AVCOL_RANGE_JPEG), 0.2126, 0.0722, true},
      {"nothing stated, SD", with(720, 576, AVCOL_SPC_UNSPECIFIED, AVCOL_RANGE_UNSPECIFIED), 0.299, 0.114, false},
      {"nothing stated, HD", with(1280, 720, AVCOL_SPC_UNSPECIFIED, AVCOL_RANGE_UNSPECIFIED), 0.2126, 0.0722, false},
      {"BT.2020, 10 bits", ten_bit, 0.2627, 0.0593, false},
  };
  for (const ColorCase& test : cases) {
    const auto reader = Open(MakeClip(test.spec));
    ASSERT_NE(reader, nullptr) << test.name;
    const auto frames = reader->FramesAt(std::vector<int64_t>{0}, FrameAccess::kExact);
    ASSERT_THAT(frames, IsOk());
    const ImageRgb8& picture = frames->front().picture;
    const std::array<double, 3> expected = ToRgb(test);
    const size_t middle = (static_cast<size_t>(picture.height) / 2 * static_cast<size_t>(picture.width) +
                           static_cast<size_t>(picture.width) / 2) *
                          3;
    for (size_t channel = 0; channel < 3; ++channel) {
      EXPECT_NEAR(picture.pixels[middle + channel], expected[channel], 1.5) << test.name << ", channel " << channel;
    }
  }
}

// ---- what is shown

TEST(VideoReaderTest, SamplesThatAreNotSquareAreStretched) {
  const auto wide = Open(MakeClip({.frames = 3, .sample_aspect = {2, 1}}));
  EXPECT_EQ(wide->info().width, 256);
  EXPECT_EQ(wide->info().height, 96);
  const auto high = Open(MakeClip({.frames = 3, .exif_orientation = 6, .sample_aspect = {3, 4}}));
  EXPECT_EQ(high->info().width, 128);
  EXPECT_EQ(high->info().height, 128);
  const auto frames = high->FramesAt(std::vector<int64_t>{40'000}, FrameAccess::kExact);
  ASSERT_THAT(frames, IsOk());
  EXPECT_EQ(frames->front().picture.height, 128);
  EXPECT_EQ(ReadNumber(frames->front().picture), 1);
}

TEST(VideoReaderTest, AnAttachedPictureIsNoVideo) {
  const auto reader = Open(MakeClip({.frames = 5, .with_cover = true}));
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->info().codec, "h264");
  EXPECT_EQ(reader->info().width, 128);
}

TEST(VideoReaderTest, OrientationFollowsTheDisplayMatrix) {
  constexpr int32_t kOne = 1 << 16;
  const auto orientation = [](int32_t a, int32_t b, int32_t c, int32_t d) {
    const std::array<int32_t, 9> matrix = {a, b, 0, c, d, 0, 0, 0, 1 << 30};
    return OrientationFromMatrix(matrix.data());
  };
  EXPECT_EQ(orientation(kOne, 0, 0, kOne), 1);
  EXPECT_EQ(orientation(-kOne, 0, 0, kOne), 2);
  EXPECT_EQ(orientation(-kOne, 0, 0, -kOne), 3);
  EXPECT_EQ(orientation(kOne, 0, 0, -kOne), 4);
  EXPECT_EQ(orientation(0, kOne, kOne, 0), 5);
  EXPECT_EQ(orientation(0, kOne, -kOne, 0), 6);
  EXPECT_EQ(orientation(0, -kOne, -kOne, 0), 7);
  EXPECT_EQ(orientation(0, -kOne, kOne, 0), 8);
}

TEST(VideoReaderTest, DateAndPlaceComeFromTheContainer) {
  const auto reader = Open(
      MakeClip({.frames = 3, .tags = {{"creation_time", "2021-06-05T12:30:00Z"}, {"location", "+48.8584+002.2945/"}}}));
  EXPECT_EQ(reader->info().created_at, 1622896200);
  ASSERT_TRUE(reader->info().latitude && reader->info().longitude);
  EXPECT_NEAR(*reader->info().latitude, 48.8584, 1e-4);
  EXPECT_NEAR(*reader->info().longitude, 2.2945, 1e-4);
  EXPECT_EQ(reader->info().container, "mov");
  EXPECT_NEAR(reader->info().fps, 30, 0.01);
}

TEST(VideoReaderTest, BrokenDatesAndPlacesAreNone) {
  EXPECT_EQ(ParseCreationTime("2021-06-05T14:30:00+0200"), 1622896200);
  EXPECT_EQ(ParseCreationTime("2021-06-05 12:30:00"), 1622896200);
  for (const char* text : {"now", "", "1904-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "soon", "99"}) {
    EXPECT_EQ(ParseCreationTime(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseCreationTime(nullptr), std::nullopt);
  EXPECT_TRUE(ParseIso6709("-33.8568+151.2153+010.0/"));
  for (const char* text : {"", "48.8+2.2", "+48.8", "+4851.50+00217.67/", "+95+010/", "+10+190/", "+nan+nan/"}) {
    EXPECT_FALSE(ParseIso6709(text)) << text;
  }
}

// ---- joined transport streams

/// Two recordings in one file: the second one's clock starts at `second_start` frames.
void ExpectJoinedStreams(int64_t second_start, int b_frames) {
  const ClipSpec first = {.container = "mpegts", .frames = 50, .b_frames = b_frames};
  ClipSpec second = first;
  second.first_tick = second_start;
  second.first_number = 50;
  ClipSpec whole = first;
  whole.frames = 100;
  const auto reader = Open(MakeClip(first) + MakeClip(second));
  ASSERT_NE(reader, nullptr);
  const std::vector<int64_t> starts = FrameTimes(whole);
  EXPECT_NEAR(static_cast<double>(reader->info().duration_us), static_cast<double>(starts.back() + 33'333), 1'000);
  for (const size_t number : {97, 3, 60, 49, 50, 51, 20, 88, 0, 99}) {
    const auto frame = reader->FramesAt(std::vector{starts[number] + 10'000}, FrameAccess::kExact);
    ASSERT_THAT(frame, IsOk());
    EXPECT_EQ(ReadNumber(frame->front().picture), static_cast<int>(number));
    EXPECT_NEAR(static_cast<double>(frame->front().time_us), static_cast<double>(starts[number]), 50);
  }
  std::vector<int64_t> times;
  for (const int64_t start : starts) times.push_back(start + 10'000);
  const auto all = Open(MakeClip(first) + MakeClip(second))->FramesAt(times, FrameAccess::kExact);
  ASSERT_THAT(all, IsOk());
  for (size_t i = 0; i < times.size(); ++i) EXPECT_EQ(ReadNumber((*all)[i].picture), static_cast<int>(i));
}

TEST(VideoReaderTest, AClockThatJumpsIsMadeContinuous) {
  ExpectJoinedStreams(0, 0);  // it starts again
  ExpectJoinedStreams(0, 2);
  ExpectJoinedStreams(30 * 3'600, 2);   // it jumps ahead by an hour
  ExpectJoinedStreams(30 * 90'000, 0);  // close to its end at 2^33 ticks, which it passes
}

TEST(VideoReaderTest, AChangeOfSizeInTheMiddleChangesThePictures) {
  const ClipSpec small = {.container = "mpegts", .frames = 30};
  ClipSpec large = small;
  large.width = 192;
  large.height = 144;
  large.first_tick = 30;
  large.first_number = 30;
  const auto reader = Open(MakeClip(small) + MakeClip(large));
  ASSERT_NE(reader, nullptr);
  const auto frames = reader->FramesAt(std::vector<int64_t>{510'000, 1'510'000}, FrameAccess::kExact);
  ASSERT_THAT(frames, IsOk());
  EXPECT_EQ((*frames)[0].picture.width, 128);
  EXPECT_EQ(ReadNumber((*frames)[0].picture), 15);
  EXPECT_EQ((*frames)[1].picture.width, 192);
  EXPECT_EQ(ReadNumber((*frames)[1].picture), 45);
}

// ---- luma

TEST(VideoReaderTest, LumaIsScannedInOrderAtTheStep) {
  ClipSpec dark = {.container = "mpegts", .frames = 30, .color = {{16, 128, 128}}};
  ClipSpec bright = dark;
  bright.color = {{235, 128, 128}};
  bright.first_tick = 30;
  const auto reader = Open(MakeClip(dark) + MakeClip(bright));
  std::vector<int64_t> times;
  ASSERT_THAT(reader->ScanLuma(100'000,
                               [&](int64_t time_us, const LumaHistogram& histogram) {
                                 times.push_back(time_us);
                                 const uint32_t total = std::accumulate(histogram.begin(), histogram.end(), 0U);
                                 EXPECT_EQ(histogram[time_us < 1'000'000 ? 0 : 63], total) << time_us;
                                 return true;
                               }),
              IsOk());
  EXPECT_GE(times.size(), 18U);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  // The short cuts of the scan end with it.
  const auto frames = reader->FramesAt(std::vector<int64_t>{510'000}, FrameAccess::kExact);
  ASSERT_THAT(frames, IsOk());
  EXPECT_NEAR(static_cast<double>(frames->front().time_us), 500'000, 50);
}

TEST(VideoReaderTest, ScanStopsWhenTold) {
  const auto reader = Open(MakeClip({}));
  int visits = 0;
  ASSERT_THAT(reader->ScanLuma(50'000, [&](int64_t, const LumaHistogram&) { return ++visits < 3; }), IsOk());
  EXPECT_EQ(visits, 3);
  EXPECT_THAT(reader->ScanLuma(0, [&](int64_t, const LumaHistogram&) { return true; }),
              IsError(ErrorCode::kInvalidArgument));
}

// ---- the way in

TEST(VideoReaderTest, TheNearestKeyFrameIsTaken) {
  const std::vector<int64_t> times = {410'000, 430'000, 790'000, 1'190'000};
  for (const char* container : {"mp4", "matroska", "mpegts", "flv"}) {
    for (const int b_frames : {0, 2}) {
      const auto reader = Open(MakeClip({.container = container, .gop = 12, .b_frames = b_frames}));
      const auto frames = reader->FramesAt(times, FrameAccess::kKeyFrame);
      ASSERT_THAT(frames, IsOk());
      EXPECT_EQ(ReadNumber((*frames)[0].picture), 12) << container << ", " << b_frames;
      EXPECT_EQ(ReadNumber((*frames)[1].picture), 12) << container << ", " << b_frames;
      EXPECT_EQ(ReadNumber((*frames)[2].picture), 24) << container << ", " << b_frames;  // later, but nearer
      EXPECT_EQ(ReadNumber((*frames)[3].picture), 36) << container << ", " << b_frames;
    }
  }
}

TEST(VideoReaderTest, TimesMustAscend) {
  const auto reader = Open(MakeClip({.frames = 5}));
  EXPECT_THAT(reader->FramesAt(std::vector<int64_t>{5, 4}, FrameAccess::kExact), IsError(ErrorCode::kInvalidArgument));
  const auto none = reader->FramesAt({}, FrameAccess::kExact);
  ASSERT_THAT(none, IsOk());
  EXPECT_TRUE(none->empty());
}

TEST(VideoReaderTest, ARangeOfAFileIsRead) {
  const sightline::testing::TempDir folder;
  const std::string clip = MakeClip({.container = "matroska", .frames = 20});
  sightline::testing::WriteTestFile(folder / "shard", "before" + clip + "behind");
  const auto reader = VideoReader::Open(Source::FromFileRange(folder / "shard", 6, clip.size(), "shard#clip"), {});
  ASSERT_THAT(reader, IsOk());
  const auto frames = (*reader)->FramesAt(std::vector<int64_t>{500'100}, FrameAccess::kExact);
  ASSERT_THAT(frames, IsOk());
  EXPECT_EQ(ReadNumber(frames->front().picture), 15);
}

TEST(VideoReaderTest, NamesAndContentTellVideosFromPictures) {
  EXPECT_TRUE(HasVideoExtension("a/b.MP4"));
  EXPECT_TRUE(HasVideoExtension("x.mkv"));
  EXPECT_FALSE(HasVideoExtension(".mp4"));
  EXPECT_FALSE(HasVideoExtension("x.gif"));
  EXPECT_FALSE(HasVideoExtension("x.m3u8"));
  const ClipSpec gif = {
      .codec = "gif", .container = "gif", .format = AV_PIX_FMT_GRAY8, .frames = 4, .time_base = {1, 20}};
  ClipSpec still = gif;
  still.frames = 1;
  EXPECT_EQ(LooksLikeVideo(MemorySource(MakeClip({.frames = 3}))).value(), true);
  EXPECT_EQ(LooksLikeVideo(MemorySource(MakeClip({.container = "mpegts", .frames = 30}))).value(), true);
  EXPECT_EQ(LooksLikeVideo(MemorySource(MakeClip(gif))).value(), true);
  EXPECT_EQ(LooksLikeVideo(MemorySource(MakeClip(still))).value(), false);
  EXPECT_EQ(LooksLikeVideo(MemorySource("#EXTM3U\n#EXT-X-VERSION:3\n")).value(), false);
  EXPECT_EQ(LooksLikeVideo(MemorySource("words")).value(), false);
  for (const auto& path : testing::FixturePaths()) {
    EXPECT_EQ(LooksLikeVideo(Source::FromFile(path)).value(), false) << path;
  }
}

}  // namespace
}  // namespace sightline::media
