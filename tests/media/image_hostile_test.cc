// SPDX-License-Identifier: BSD-3-Clause
//
// Broken pictures by the thousand: every answer is a picture or one of the errors of the header, and nothing crashes
// (this is what the sanitizer build runs for). Deterministic.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "media/image.h"
#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using ::sightline::testing::ReadTestFile;
using testing::EncodeStill;
using testing::Gradient;
using testing::MakeTiff;
using testing::MemorySource;

struct NamedFile {
  std::string name;
  std::string bytes;
};

std::vector<NamedFile> Pictures() {
  std::vector<NamedFile> files;
  for (const auto& path : testing::FixturePaths()) files.push_back({path.filename().string(), ReadTestFile(path)});
  const ImageRgb8 picture = Gradient(40, 30);
  for (const AVCodecID codec : {AV_CODEC_ID_TIFF, AV_CODEC_ID_PPM, AV_CODEC_ID_PAM, AV_CODEC_ID_QOI}) {
    files.push_back({avcodec_get_name(codec), EncodeStill(codec, AV_PIX_FMT_RGB24, 40, 30, picture.pixels)});
  }
  if (avcodec_find_encoder(AV_CODEC_ID_JPEGXL) != nullptr) {
    files.push_back({"jpegxl", EncodeStill(AV_CODEC_ID_JPEGXL, AV_PIX_FMT_RGB24, 40, 30, picture.pixels)});
  }
  return files;
}

void ExpectPictureOrError(std::string_view file, const std::string& what) {
  const DecodeOptions options{.convert_icc_to_srgb = true, .max_pixels = 8'000'000};
  const auto image = DecodeImage(MemorySource(file), options);
  if (image) {
    EXPECT_EQ(image->pixels.size(), static_cast<size_t>(image->width) * static_cast<size_t>(image->height) * 3) << what;
  } else {
    const ErrorCode code = image.error().code;
    EXPECT_TRUE(code == ErrorCode::kCorruption || code == ErrorCode::kUnsupported ||
                code == ErrorCode::kResourceExhausted)
        << what << ": " << NameOf(code) << ": " << image.error().message;
  }
  const auto info = ProbeImage(MemorySource(file), UINT64_MAX);
  EXPECT_TRUE(!info || info->width > 0) << what;
}

/// `rounds` cuts and `rounds` changed copies of every picture; of large ones a tenth.
void DamageEveryPicture(int rounds) {
  for (const NamedFile& file : Pictures()) {
    std::mt19937 random(static_cast<uint32_t>(file.bytes.size()));
    const int count = file.bytes.size() > 200'000 ? rounds / 10 : rounds;
    for (int round = 0; round < count; ++round) {
      // Half of the damage goes to the first 600 bytes: headers are where parsers go wrong.
      const size_t span = round % 2 == 0 ? file.bytes.size() : std::min<size_t>(file.bytes.size(), 600);
      const std::string what = file.name + " round " + std::to_string(round);
      ExpectPictureOrError(std::string_view(file.bytes).substr(0, random() % span), what + " cut");
      std::string changed = file.bytes;
      for (uint32_t flips = 1 + random() % 8; flips > 0; --flips)
        changed[random() % span] = static_cast<char>(random());
      ExpectPictureOrError(changed, what + " changed");
    }
  }
}

TEST(ImageHostileTest, DamagedPicturesNeverCrash) { DamageEveryPicture(15); }

TEST(ImageHostileSlowTest, ThousandsOfDamagedPicturesNeverCrash) { DamageEveryPicture(300); }

TEST(ImageHostileTest, EveryHeaderByteMayBeWrong) {
  for (const NamedFile& file : Pictures()) {
    if (file.bytes.size() > 200'000) continue;
    for (size_t at = 0; at < std::min<size_t>(file.bytes.size(), 64); ++at) {
      for (const char value : {'\x00', '\x7F', '\xFF'}) {
        std::string changed = file.bytes;
        changed[at] = value;
        ExpectPictureOrError(changed, file.name + " byte " + std::to_string(at));
      }
    }
  }
}

}  // namespace
}  // namespace sightline::media
