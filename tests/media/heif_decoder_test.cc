// SPDX-License-Identifier: BSD-3-Clause
//
// HEIC and AVIF files are written here by libheif's own encoders, which a distribution may leave out: then the tests of
// that codec are skipped.
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include <libheif/heif.h>

#include "media/image.h"
#include "media/picture_metadata.h"
#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

/// Asked by the leak sanitizer. The HEVC encoder, which only these tests use, keeps some of its tables.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libx265\n"; }

namespace sightline::media {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using testing::ExifBlock;
using testing::Gradient;
using testing::LittleEndian;
using testing::MemorySource;

template <auto kFree>
struct Deleter {
  void operator()(auto* object) const { kFree(object); }
};
using UniqueContext = std::unique_ptr<heif_context, Deleter<heif_context_free>>;
using UniqueEncoder = std::unique_ptr<heif_encoder, Deleter<heif_encoder_release>>;
using UniqueHandle = std::unique_ptr<heif_image_handle, Deleter<heif_image_handle_release>>;
using UniqueImage = std::unique_ptr<heif_image, Deleter<heif_image_release>>;

heif_error Append(heif_context*, const void* data, size_t size, void* file) {
  static_cast<std::string*>(file)->append(static_cast<const char*>(data), size);
  return {heif_error_Ok, heif_suberror_Unspecified, ""};
}

UniqueImage ToHeif(const ImageRgb8& picture) {
  heif_image* image = nullptr;
  EXPECT_EQ(
      heif_image_create(picture.width, picture.height, heif_colorspace_RGB, heif_chroma_interleaved_RGB, &image).code,
      heif_error_Ok);
  heif_image_add_plane(image, heif_channel_interleaved, picture.width, picture.height, 8);
  int stride = 0;
  uint8_t* plane = heif_image_get_plane(image, heif_channel_interleaved, &stride);
  const size_t row_bytes = static_cast<size_t>(picture.width) * 3;
  for (int y = 0; y < picture.height; ++y) {
    std::memcpy(plane + y * stride, picture.pixels.data() + static_cast<size_t>(y) * row_bytes, row_bytes);
  }
  return UniqueImage(image);
}

/// An empty string when this libheif has no encoder. `exif` as a TIFF structure, may be empty.
std::string WriteHeif(heif_compression_format format, const ImageRgb8& picture, const std::string& exif = "") {
  const UniqueContext context(heif_context_alloc());
  heif_encoder* raw_encoder = nullptr;
  if (heif_context_get_encoder_for_format(context.get(), format, &raw_encoder).code != heif_error_Ok) return "";
  const UniqueEncoder encoder(raw_encoder);
  heif_encoder_set_lossy_quality(encoder.get(), 95);
  heif_image_handle* raw_handle = nullptr;
  const UniqueImage image = ToHeif(picture);
  const heif_error encoded = heif_context_encode_image(context.get(), image.get(), encoder.get(), nullptr, &raw_handle);
  EXPECT_EQ(encoded.code, heif_error_Ok) << encoded.message;
  const UniqueHandle handle(raw_handle);
  if (!exif.empty()) {
    const std::string block = std::string("Exif\0\0", 6) + exif;
    heif_context_add_exif_metadata(context.get(), handle.get(), block.data(), static_cast<int>(block.size()));
  }
  std::string file;
  heif_writer writer{1, Append};
  EXPECT_EQ(heif_context_write(context.get(), &writer, &file).code, heif_error_Ok);
  return file;
}

class HeifTest : public ::testing::TestWithParam<heif_compression_format> {
 protected:
  void SetUp() override {
    if (WriteHeif(GetParam(), Gradient(16, 16)).empty()) GTEST_SKIP() << "this libheif cannot write the format";
  }
  ImageFormat format() const { return GetParam() == heif_compression_AV1 ? ImageFormat::kAvif : ImageFormat::kHeif; }
};

TEST_P(HeifTest, PictureIsCloseToTheOriginal) {
  const ImageRgb8 picture = Gradient(120, 80);
  const std::string file = WriteHeif(GetParam(), picture);
  const auto info = ProbeImage(MemorySource(file), 10'000'000);
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->format, format());
  EXPECT_EQ(info->width, 120);
  EXPECT_EQ(info->height, 80);
  const auto image = DecodeImage(MemorySource(file), {});
  ASSERT_THAT(image, IsOk());
  ASSERT_EQ(image->width, 120);
  ASSERT_EQ(image->height, 80);
  double sum = 0;
  for (size_t i = 0; i < picture.pixels.size(); ++i) sum += std::abs(picture.pixels[i] - image->pixels[i]);
  EXPECT_LT(sum / static_cast<double>(picture.pixels.size()), 4.0);
}

TEST_P(HeifTest, ExifOrientationIsNotApplied) {
  // The container's own rotation counts, and writers repeat it in EXIF: applying both would turn the picture twice.
  const std::string file = WriteHeif(GetParam(), Gradient(120, 80), ExifBlock(6, true));
  const auto image = DecodeImage(MemorySource(file), {});
  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image->width, 120);
  EXPECT_EQ(ProbeImage(MemorySource(file), 10'000'000)->exif_orientation, 1);
}

TEST_P(HeifTest, LimitsAreKept) {
  const std::string file = WriteHeif(GetParam(), Gradient(120, 80));
  EXPECT_THAT(DecodeImage(MemorySource(file), {.max_pixels = 120 * 80}), IsOk());
  EXPECT_THAT(DecodeImage(MemorySource(file), {.max_pixels = 120 * 80 - 1}),
              IsErrorWith(ErrorCode::kResourceExhausted, "120 x 80"));
  EXPECT_THAT(DecodeImage(MemorySource(file), {.limits = Limits::After(std::chrono::seconds(-1))}),
              IsError(ErrorCode::kDeadlineExceeded));
}

TEST_P(HeifTest, ExifBlockIsFound) {
  const std::string tiff = std::string("II") + LittleEndian(42, 2) + LittleEndian(8, 4) + LittleEndian(1, 2) +
                           LittleEndian(271, 2) + LittleEndian(2, 2) + LittleEndian(4, 4) + std::string("abc\0", 4) +
                           LittleEndian(0, 4);
  const auto metadata = ReadPictureMetadata(MemorySource(WriteHeif(GetParam(), Gradient(16, 16), tiff)), 10'000'000);
  ASSERT_THAT(metadata, IsOk());
  EXPECT_EQ(metadata->camera, "abc");
}

TEST_P(HeifTest, DamagedFilesNeverCrash) {
  const std::string file = WriteHeif(GetParam(), Gradient(64, 48), ExifBlock(6, true));
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::string changed = file;
    const size_t span = round % 2 == 0 ? file.size() : std::min<size_t>(file.size(), 500);
    for (uint32_t flips = 1 + random() % 4; flips > 0; --flips) changed[random() % span] = static_cast<char>(random());
    if (round % 3 == 0) changed.resize(random() % span);
    const auto image = DecodeImage(MemorySource(changed), {.max_pixels = 8'000'000});
    EXPECT_TRUE(image || image.error().code != ErrorCode::kInternal) << image.error().message;
    EXPECT_THAT(ReadPictureMetadata(MemorySource(changed), 10'000'000), IsOk());
  }
}

INSTANTIATE_TEST_SUITE_P(Codecs, HeifTest, ::testing::Values(heif_compression_HEVC, heif_compression_AV1),
                         [](const auto& codec) { return codec.param == heif_compression_AV1 ? "Avif" : "Heic"; });

}  // namespace
}  // namespace sightline::media
