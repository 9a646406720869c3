// SPDX-License-Identifier: BSD-3-Clause
//
// Decoding of a 20 s clip of 720p H.264 with a key frame every 60 frames: frames by time, exactly and by key frame, all
// frames in order, and the luma scan. Prints times and ratios; each is the best of three runs, of all frames one.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "media/video_reader.h"
#include "tests/media/test_clips.h"
#include "tests/media/test_pictures.h"

namespace sightline::media {
namespace {

constexpr int kFrames = 600;
constexpr int64_t kSecond = 1'000'000;

double BestSeconds(const std::function<void()>& work, int rounds = 3) {
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void Require(const Status& status) {
  if (status) return;
  std::fprintf(stderr, "%s\n", status.error().message.c_str());
  std::exit(1);
}

std::unique_ptr<VideoReader> Open(const Source& source, int threads) {
  auto reader = VideoReader::Open(source, {.decoder_threads = threads});
  if (!reader) Require(tl::unexpected(reader.error()));
  return *std::move(reader);
}

void Run(const Source& source, int threads) {
  std::vector<int64_t> eight;
  for (int64_t i = 0; i < 8; ++i) eight.push_back((2 * i + 1) * 20 * kSecond / 16);
  std::vector<int64_t> all;
  for (int64_t i = 0; i < kFrames; ++i) all.push_back(i * kSecond / 30 + 1'000);
  const auto visit = [&](const std::vector<int64_t>& times, FrameAccess access) {
    const auto reader = Open(source, threads);
    Require(reader->VisitFramesAt(times, access, [](size_t, const VideoFrame&) { return true; }));
  };
  const double open = BestSeconds([&] { Open(source, threads); });
  const double exact = BestSeconds([&] { visit(eight, FrameAccess::kExact); });
  const double key = BestSeconds([&] { visit(eight, FrameAccess::kKeyFrame); });
  const double every = BestSeconds([&] { visit(all, FrameAccess::kExact); }, 1);
  std::vector<int64_t> tenth;
  for (size_t i = 0; i < all.size(); i += 10) tenth.push_back(all[i]);
  const double sparse = BestSeconds([&] { visit(tenth, FrameAccess::kExact); });
  const auto scan = [&](int64_t step_us) {
    return BestSeconds(
        [&] { Require(Open(source, threads)->ScanLuma(step_us, [](int64_t, const LumaHistogram&) { return true; })); });
  };
  const double luma = scan(kSecond / 4);
  std::printf("%d decoder thread(s)\n", threads);
  std::printf("  open                      %8.1f ms\n", open * 1e3);
  std::printf("  8 frames, exact           %8.1f ms\n", exact * 1e3);
  std::printf("  8 frames, key frames      %8.1f ms, %.2f of exact\n", key * 1e3, key / exact);
  std::printf("  all 600 frames as RGB     %8.1f ms, %.0f times real time\n", every * 1e3, 20 / every);
  std::printf("  3 frames a second as RGB  %8.1f ms, %.0f times real time\n", sparse * 1e3, 20 / sparse);
  std::printf("  luma, 4 a second          %8.1f ms, %.0f times real time\n", luma * 1e3, 20 / luma);
  std::fflush(stdout);
}

}  // namespace
}  // namespace sightline::media

int main(int argc, char** argv) {
  using sightline::media::Source;
  // A file of the user's, or a clip with its frame numbers and some movement.
  const std::string clip =
      argc > 1
          ? std::string()
          : sightline::media::testing::MakeClip(
                {.width = 1280,
                 .height = 720,
                 .frames = sightline::media::kFrames,
                 .gop = 60,
                 .b_frames = 2,
                 .noise = true,
                 .codec_options = {{"preset", "superfast"}, {"x264-params", "scenecut=0:keyint=60:min-keyint=60"}}});
  const Source source = argc > 1 ? Source::FromFile(argv[1]) : sightline::media::testing::MemorySource(clip);
  std::printf("%s\n", argc > 1 ? argv[1] : "20 s of 1280 x 720, 30 frames a second, a key frame every 60");
  std::fflush(stdout);
  for (const int threads : {1, 2}) sightline::media::Run(source, threads);
  return 0;
}
