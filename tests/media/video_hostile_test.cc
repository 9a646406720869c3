// SPDX-License-Identifier: BSD-3-Clause
//
// Broken, lying and malicious video files: every answer is frames or one of the errors of the header, in little time.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "media/video_reader.h"
#include "tests/media/test_clips.h"
#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using testing::ClipSpec;
using testing::HasEncoder;
using testing::MakeClip;
using testing::MemorySource;
using testing::ReadNumber;

/// Of any of these files much less is taken by any machine.
constexpr std::chrono::seconds kLong{60};

struct NamedFile {
  std::string name;
  std::string bytes;
};

std::vector<NamedFile> SmallClips() {
  const testing::Options quick = {{"deadline", "realtime"}};
  const testing::Options quiet = {{"x265-params", "log-level=none"}, {"preset", "ultrafast"}};
  std::vector<std::pair<std::string, ClipSpec>> specs = {
      {"mp4", {.b_frames = 2, .muxer_options = {{"movflags", "faststart"}}}},
      {"mp4 in fragments", {.muxer_options = {{"movflags", "frag_keyframe+empty_moov"}}}},
      {"mov", {.codec = "mjpeg", .container = "mov", .format = AV_PIX_FMT_YUVJ420P, .exif_orientation = 6}},
      {"mkv", {.codec = "libx265", .container = "matroska", .codec_options = quiet}},
      {"webm", {.codec = "libvpx-vp9", .container = "webm", .codec_options = quick}},
      {"avi", {.codec = "mpeg4", .container = "avi", .b_frames = 1}},
      {"ts", {.container = "mpegts", .b_frames = 2}},
      {"ps", {.codec = "mpeg2video", .container = "vob", .b_frames = 1}},
      {"flv", {.container = "flv"}},
      {"gif", {.codec = "gif", .container = "gif", .format = AV_PIX_FMT_GRAY8, .time_base = {1, 20}}}};
  std::vector<NamedFile> files;
  for (auto& [name, spec] : specs) {
    if (!HasEncoder(spec.codec)) continue;
    spec.frames = 24;
    spec.gop = 8;
    files.push_back({name, MakeClip(spec)});
  }
  return files;
}

/// Opens, reads densely, sparsely and by key frames, scans.
void ExpectFramesOrError(std::string_view file, const std::string& what) {
  const auto start = std::chrono::steady_clock::now();
  const VideoOptions options{.max_pixels = 4'000'000, .stall_timeout = kLong / 2};
  std::vector<Error> errors;
  auto reader = VideoReader::Open(MemorySource(file), options);
  if (reader) {
    const int64_t duration = (*reader)->info().duration_us;
    EXPECT_GT(duration, 0) << what;
    EXPECT_LE(duration, options.max_duration_us) << what;
    const auto note = [&](const Status& status) {
      if (!status) errors.push_back(status.error());
    };
    const auto visit = [&](size_t, const VideoFrame& frame) {
      EXPECT_EQ(frame.picture.pixels.size(),
                static_cast<size_t>(frame.picture.width) * static_cast<size_t>(frame.picture.height) * 3);
      return true;
    };
    note((*reader)->VisitFramesAt(std::vector<int64_t>{duration / 2, duration}, FrameAccess::kExact, visit));
    note((*reader)->VisitFramesAt(std::vector<int64_t>{0, duration / 3, duration}, FrameAccess::kKeyFrame, visit));
    int scanned = 0;
    note((*reader)->ScanLuma(std::max<int64_t>(1, duration / 20),
                             [&](int64_t, const LumaHistogram&) { return ++scanned < 100; }));
  } else {
    errors.push_back(reader.error());
  }
  for (const Error& error : errors) {
    EXPECT_TRUE(error.code == ErrorCode::kCorruption || error.code == ErrorCode::kUnsupported ||
                error.code == ErrorCode::kResourceExhausted)
        << what << ": " << NameOf(error.code) << ": " << error.message;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, kLong) << what;
}

void MutateEveryClip(int rounds) {
  for (const NamedFile& clip : SmallClips()) {
    std::mt19937 random(static_cast<uint32_t>(clip.bytes.size()));
    for (int round = 0; round < rounds; ++round) {
      // Half of the damage goes to the first 2,000 bytes: headers are where parsers go wrong.
      const size_t span = round % 2 == 0 ? clip.bytes.size() : std::min<size_t>(clip.bytes.size(), 2'000);
      std::string changed = clip.bytes;
      for (uint32_t flips = 1 + random() % 8; flips > 0; --flips) {
        changed[random() % span] ^= static_cast<char>(1U << random() % 8);
      }
      ExpectFramesOrError(changed, clip.name + " round " + std::to_string(round));
    }
  }
}

TEST(VideoHostileTest, FlippedBitsNeverCrash) { MutateEveryClip(10); }

TEST(VideoHostileSlowTest, AThousandFilesWithFlippedBitsNeverCrash) { MutateEveryClip(100); }

TEST(VideoHostileTest, FilesCutAtEveryTenthNeverCrash) {
  for (const NamedFile& clip : SmallClips()) {
    for (size_t tenth = 0; tenth < 10; ++tenth) {
      ExpectFramesOrError(std::string_view(clip.bytes).substr(0, clip.bytes.size() * tenth / 10),
                          clip.name + " cut at " + std::to_string(tenth) + "/10");
    }
  }
}

TEST(VideoHostileTest, WhatIsThereOfACutFileIsRead) {
  const std::string clip = MakeClip({.frames = 90, .muxer_options = {{"movflags", "faststart"}}});
  const auto reader = VideoReader::Open(MemorySource(std::string_view(clip).substr(0, clip.size() * 7 / 10)), {});
  ASSERT_THAT(reader, IsOk());
  EXPECT_GT((*reader)->info().duration_us, 1'000'000);
  EXPECT_LT((*reader)->info().duration_us, 2'500'000);
  const auto frames = (*reader)->FramesAt(std::vector<int64_t>{510'000, 3'000'000}, FrameAccess::kExact);
  ASSERT_THAT(frames, IsOk());
  EXPECT_EQ(ReadNumber((*frames)[0].picture), 15);
  EXPECT_LE((*frames)[1].time_us, (*reader)->info().duration_us);
}

TEST(VideoHostileTest, FilesWithoutVideoAreNamed) {
  EXPECT_THAT(ProbeVideo(MemorySource(""), {}), IsErrorWith(ErrorCode::kCorruption, "empty"));
  EXPECT_THAT(ProbeVideo(MemorySource("no video at all, just words"), {}), IsError(ErrorCode::kUnsupported));
  EXPECT_THAT(ProbeVideo(Source::FromFile("/nowhere/clip.mp4"), {}), IsError(ErrorCode::kNotFound));
  for (const auto& [codec, container] : {std::pair("pcm_s16le", "mov"), std::pair("mp2", "mpegts"),
                                         std::pair("mp2", "matroska"), std::pair("pcm_s16le", "avi")}) {
    EXPECT_THAT(ProbeVideo(MemorySource(testing::MakeAudioFile(codec, container)), {}),
                IsErrorWith(ErrorCode::kCorruption, "there is no video in it"))
        << container;
  }
}

TEST(VideoHostileTest, ZeroFramesAreAnErrorAndOneFrameIsAVideo) {
  for (const char* container : {"mp4", "matroska", "avi"}) {
    const auto none = ProbeVideo(MemorySource(MakeClip({.container = container, .frames = 0})), {});
    EXPECT_THAT(none, IsError(ErrorCode::kCorruption)) << container;
    const auto reader = VideoReader::Open(MemorySource(MakeClip({.container = container, .frames = 1})), {});
    ASSERT_THAT(reader, IsOk()) << container;
    EXPECT_GT((*reader)->info().duration_us, 0);
    EXPECT_LT((*reader)->info().duration_us, 1'000'000);
    for (const FrameAccess access : {FrameAccess::kExact, FrameAccess::kKeyFrame}) {
      const auto frames = (*reader)->FramesAt(std::vector<int64_t>{0, 10'000'000}, access);
      ASSERT_THAT(frames, IsOk()) << container;
      EXPECT_EQ((*frames)[1].time_us, 0);
      EXPECT_EQ(ReadNumber((*frames)[1].picture), 0);
    }
  }
}

/// Overwrites the bytes `offset` behind every occurrence of `mark`.
void Patch(std::string& file, std::string_view mark, size_t offset, std::string_view bytes) {
  size_t found = 0;
  for (size_t at = file.find(mark); at != std::string::npos; at = file.find(mark, at + 1), ++found) {
    file.replace(at + offset, bytes.size(), bytes);
  }
  EXPECT_GT(found, 0U) << mark;
}

TEST(VideoHostileTest, ADurationThatOnlyTheHeaderClaimsIsIgnored) {
  std::string mp4 = MakeClip({.frames = 3, .time_base = {1, 1000}, .ticks = {0, 500, 1000}});
  const std::string ten_hours = testing::BigEndian(36'000'000, 4);
  Patch(mp4, "mvhd", 20, ten_hours);
  Patch(mp4, "tkhd", 24, ten_hours);
  std::string mkv = MakeClip({.container = "matroska", .frames = 60});
  const double claimed = 36'000'000;
  uint64_t bits = 0;
  std::memcpy(&bits, &claimed, sizeof bits);
  Patch(mkv, "\x44\x89\x88", 3,
        testing::BigEndian(static_cast<uint32_t>(bits >> 32), 4) + testing::BigEndian(static_cast<uint32_t>(bits), 4));
  for (const std::string* file : {&mp4, &mkv}) {
    const auto start = std::chrono::steady_clock::now();
    const auto info = ProbeVideo(MemorySource(*file), {});
    ASSERT_THAT(info, IsOk());
    EXPECT_LT(info->duration_us, 4'000'000);
    EXPECT_LT(std::chrono::steady_clock::now() - start, kLong);
  }
}

TEST(VideoHostileTest, FilesThatNameOtherFilesAreRefused) {
  const sightline::testing::TempDir folder;
  sightline::testing::WriteTestFile(folder / "real.mp4", MakeClip({.frames = 5}));
  sightline::testing::WriteTestFile(folder / "real.ts", MakeClip({.container = "mpegts", .frames = 30}));
  const std::string target = (folder / "real.ts").string();
  const std::vector<NamedFile> scripts = {
      {"list.m3u8",
       "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.0,\n" + target + "\n#EXT-X-ENDLIST\n"},
      {"far.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.0,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"},
      {"list.mp4", "ffconcat version 1.0\nfile '" + target + "'\n"},
      {"list.mpd", "<?xml version=\"1.0\"?><MPD><Period><AdaptationSet><BaseURL>" + target +
                       "</BaseURL></AdaptationSet></Period></MPD>"},
      {"session.sdp",
       "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
       "a=rtpmap:96 H264/90000\n"},
      {"list.asx", "<asx version=\"3.0\"><entry><ref href=\"" + target + "\"/></entry></asx>"},
      {"frames.imf", "<?xml version=\"1.0\"?><CompositionPlaylist><Id>x</Id></CompositionPlaylist>"}};
  for (const NamedFile& script : scripts) {
    sightline::testing::WriteTestFile(folder / script.name, script.bytes);
    EXPECT_THAT(ProbeVideo(Source::FromFile(folder / script.name), {}), IsError(ErrorCode::kUnsupported))
        << script.name;
  }
  EXPECT_THAT(ProbeVideo(Source::FromFile(folder / "real.mp4"), {}), IsOk());
}

TEST(VideoHostileTest, LimitsHold) {
  const std::string clip = MakeClip({.frames = 60});
  EXPECT_THAT(ProbeVideo(MemorySource(clip), {.max_pixels = 100}), IsError(ErrorCode::kResourceExhausted));
  EXPECT_THAT(ProbeVideo(MemorySource(clip), {.max_duration_us = 1'000'000}), IsError(ErrorCode::kResourceExhausted));
  EXPECT_THAT(ProbeVideo(MemorySource(clip), {.limits = Limits::After(std::chrono::nanoseconds(0))}),
              IsError(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(ProbeVideo(MemorySource(clip), {.stall_timeout = std::chrono::seconds(-1)}),
              IsErrorWith(ErrorCode::kDeadlineExceeded, "no frame for more than"));
  std::stop_source stop;
  const auto reader = VideoReader::Open(MemorySource(clip), {.limits = {.stop = stop.get_token()}});
  ASSERT_THAT(reader, IsOk());
  stop.request_stop();
  EXPECT_THAT((*reader)->FramesAt(std::vector<int64_t>{1'500'000}, FrameAccess::kExact),
              IsError(ErrorCode::kCancelled));
}

TEST(VideoHostileTest, AStretchThatIsAbsurdIsIgnored) {
  std::string clip = MakeClip({.container = "matroska", .frames = 3, .sample_aspect = {1000, 1}});
  const auto info = ProbeVideo(MemorySource(clip), {});
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->width, 128);
}

}  // namespace
}  // namespace sightline::media
