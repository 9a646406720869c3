// SPDX-License-Identifier: BSD-3-Clause
#include "media/picture_metadata.h"

#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "media/image.h"
#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using sightline::testing::IsError;
using sightline::testing::IsOk;
using testing::BigEndian;
using ::testing::DoubleNear;
using testing::EncodeStill;
using testing::Gradient;
using testing::JpegWithExif;
using testing::LittleEndian;
using testing::MemorySource;
using ::testing::Optional;
using testing::PngWithChunk;
using testing::RiffChunk;
using testing::WebpFile;

/// Writes TIFF structures, as TIFF 6.0 and EXIF 2.32 say, in either byte order.
class ExifWriter {
 public:
  struct Field {
    int tag;
    int type;
    int count;
    std::string value;  ///< As stored; more than four bytes are put behind the directories.
  };

  explicit ExifWriter(bool little_endian) : little_endian_(little_endian) {}

  std::string Number(uint32_t value, int bytes) const {
    return little_endian_ ? LittleEndian(value, bytes) : BigEndian(value, bytes);
  }
  Field Text(int tag, std::string text) const {
    text.push_back('\0');
    return {tag, 2, static_cast<int>(text.size()), text};
  }
  Field Fractions(int tag, const std::vector<std::pair<uint32_t, uint32_t>>& values) const {
    std::string bytes;
    for (const auto& [above, below] : values) bytes += Number(above, 4) + Number(below, 4);
    return {tag, 5, static_cast<int>(values.size()), bytes};
  }

  /// First, EXIF and GPS directory.
  std::string Write(std::vector<Field> first, const std::vector<Field>& exif, const std::vector<Field>& gps) const {
    const auto size = [](size_t fields) { return static_cast<uint32_t>(2 + 12 * fields + 4); };
    const uint32_t exif_at = 8 + size(first.size() + 2);
    const uint32_t gps_at = exif_at + size(exif.size());
    uint32_t values_at = gps_at + size(gps.size());
    first.push_back({34665, 4, 1, Number(exif_at, 4)});
    first.push_back({34853, 4, 1, Number(gps_at, 4)});
    std::string out = (little_endian_ ? "II" : "MM") + Number(42, 2) + Number(8, 4);
    std::string values;
    for (const auto* directory : {&std::as_const(first), &exif, &gps}) {
      out += Number(static_cast<uint32_t>(directory->size()), 2);
      for (const Field& field : *directory) {
        out += Number(static_cast<uint32_t>(field.tag), 2) + Number(static_cast<uint32_t>(field.type), 2) +
               Number(static_cast<uint32_t>(field.count), 4);
        if (field.value.size() <= 4) {
          out += field.value + std::string(4 - field.value.size(), '\0');
        } else {
          out += Number(values_at + static_cast<uint32_t>(values.size()), 4);
          values += field.value;
        }
      }
      out += Number(0, 4);
    }
    return out + values;
  }

 private:
  bool little_endian_;
};

// 48 51' 29.6" N, 2 17' 40.2" E, 2024-05-01 18:30:15 at +02:00.
std::string FullExif(bool little_endian) {
  const ExifWriter writer(little_endian);
  return writer.Write({writer.Text(271, "NIKON CORPORATION"), writer.Text(272, "D750")},
                      {writer.Text(36867, "2024:05:01 18:30:15"), writer.Text(36881, "+02:00")},
                      {writer.Text(1, "N"), writer.Fractions(2, {{48, 1}, {51, 1}, {296, 10}}), writer.Text(3, "E"),
                       writer.Fractions(4, {{2, 1}, {17, 1}, {402, 10}})});
}

void ExpectFull(const PictureMetadata& metadata) {
  EXPECT_THAT(metadata.taken_at, Optional(1'714'588'215 - 7200));  // date -u -d "2024-05-01 18:30:15 +0200" +%s
  EXPECT_EQ(metadata.camera, "NIKON CORPORATION D750");
  EXPECT_THAT(metadata.latitude, Optional(DoubleNear(48.858222, 1e-6)));
  EXPECT_THAT(metadata.longitude, Optional(DoubleNear(2.294500, 1e-6)));
}

PictureMetadata Read(const std::string& file) {
  const auto metadata = ReadPictureMetadata(MemorySource(file), 1 << 20);
  EXPECT_THAT(metadata, IsOk());
  return metadata.value_or(PictureMetadata{});
}

PictureMetadata ReadTiff(const std::function<std::string(const ExifWriter&)>& write) {
  return Read(write(ExifWriter(true)));
}

std::string SmallPng() { return EncodeStill(AV_CODEC_ID_PNG, AV_PIX_FMT_RGB24, 2, 2, std::vector<uint8_t>(12, 100)); }

std::string SmallJpeg() {
  const auto jpeg = MakeThumbnailJpeg(Gradient(16, 16), 16, 90);
  return {reinterpret_cast<const char*>(jpeg->data()), jpeg->size()};
}

TEST(PictureMetadataTest, TiffIsReadInBothByteOrders) {
  ExpectFull(Read(FullExif(true)));
  ExpectFull(Read(FullExif(false)));
}

TEST(PictureMetadataTest, JpegPngAndWebpCarryTheSameBlock) {
  ExpectFull(Read(JpegWithExif(SmallJpeg(), FullExif(true))));
  ExpectFull(Read(PngWithChunk(SmallPng(), "eXIf", FullExif(false))));
  const std::string vp8x = RiffChunk("VP8X", std::string("\x08\0\0\0\x01\0\0\x01\0\0", 10));
  const std::string still = RiffChunk("VP8L", std::string("\x2F\x01\x40\0\0\0\0\0", 8));
  ExpectFull(Read(WebpFile(vp8x + still + RiffChunk("EXIF", FullExif(true)))));
}

TEST(PictureMetadataTest, PicturesWithoutExifHaveNothing) {
  EXPECT_EQ(Read(SmallPng()), PictureMetadata{});
  EXPECT_EQ(Read(SmallJpeg()), PictureMetadata{});
  EXPECT_EQ(Read("GIF89a"), PictureMetadata{});
  EXPECT_EQ(Read("no picture"), PictureMetadata{});
}

TEST(PictureMetadataTest, TimeWithoutAnOffsetIsTakenForUtc) {
  const auto taken = [](const std::string& original, const std::string& offset, const std::string& digitized) {
    return ReadTiff([&](const ExifWriter& w) {
             return w.Write({}, {w.Text(36867, original), w.Text(36868, digitized), w.Text(36881, offset)}, {});
           })
        .taken_at;
  };
  EXPECT_THAT(taken("2024:05:01 18:30:15", "", ""), Optional(1'714'588'215));
  EXPECT_THAT(taken("2024:05:01 18:30:15", "-05:30", ""), Optional(1'714'588'215 + 19'800));
  EXPECT_THAT(taken("2024:05:01 18:30:15", "summer", ""), Optional(1'714'588'215));
  EXPECT_THAT(taken("0000:00:00 00:00:00", "", "2024:05:01 18:30:15"), Optional(1'714'588'215));
  EXPECT_THAT(taken("    :  :     :  :  ", "", ""), std::nullopt);
  for (const char* broken :
       {"2024:13:01 00:00:00", "2024:02:30 00:00:00", "2024:05:01 24:00:00", "2024:05:01", "soon"}) {
    EXPECT_THAT(taken(broken, "", ""), std::nullopt) << broken;
  }
}

TEST(PictureMetadataTest, CameraDoesNotRepeatItsMaker) {
  const auto camera = [](const std::string& make, const std::string& model) {
    return ReadTiff([&](const ExifWriter& w) {
             return w.Write({w.Text(271, make), w.Text(272, model)}, {}, {});
           })
        .camera;
  };
  EXPECT_EQ(camera("Canon", "Canon EOS 5D"), "Canon EOS 5D");
  EXPECT_EQ(camera("CANON ", "Canon EOS 5D  "), "Canon EOS 5D");
  EXPECT_EQ(camera("Apple", "iPhone 15"), "Apple iPhone 15");
  EXPECT_EQ(camera("", "X"), "X");
  EXPECT_EQ(camera("X", ""), "X");
  EXPECT_EQ(camera("a\x01\xFF", "b\n"), "a?? b?");
  EXPECT_EQ(camera(std::string(5000, 'm'), "").size(), 128U);
}

TEST(PictureMetadataTest, PlacesOutOfRangeAreLeftOut) {
  const auto place = [](const std::string& ns, std::pair<uint32_t, uint32_t> degrees) {
    const auto read = ReadTiff([&](const ExifWriter& w) {
      return w.Write({}, {},
                     {w.Text(1, ns), w.Fractions(2, {degrees, {30, 1}, {0, 0}}), w.Text(3, "W"),
                      w.Fractions(4, {{120, 1}, {0, 1}, {0, 1}})});
    });
    EXPECT_EQ(read.latitude.has_value(), read.longitude.has_value());
    return read.latitude;
  };
  EXPECT_THAT(place("S", {33, 1}), Optional(-33.5));
  EXPECT_THAT(place("N", {90, 1}), std::nullopt);
  EXPECT_THAT(place("N", {5, 0}), std::nullopt);
  EXPECT_THAT(place("X", {33, 1}), std::nullopt);
  EXPECT_THAT(place("", {33, 1}), std::nullopt);
}

// ---- Malformed

TEST(PictureMetadataMalformedTest, DirectoryThatPointsAtItselfEnds) {
  const ExifWriter w(true);
  std::string tiff = w.Write({w.Text(271, "maker")}, {}, {});
  for (const size_t at : {8U + 2 + 12 + 8, 8U + 2 + 24 + 8}) tiff.replace(at, 4, LittleEndian(8, 4));
  EXPECT_EQ(Read(tiff).camera, "maker");
}

TEST(PictureMetadataMalformedTest, EveryCutIsHarmless) {
  const std::string tiff = FullExif(false);
  for (size_t size = 0; size < tiff.size(); ++size) Read(tiff.substr(0, size));
  const std::string jpeg = JpegWithExif(SmallJpeg(), tiff);
  for (size_t size = 0; size < jpeg.size(); size += 3) Read(jpeg.substr(0, size));
  const std::string png = PngWithChunk(SmallPng(), "eXIf", tiff);
  for (size_t size = 0; size < png.size(); size += 3) Read(png.substr(0, size));
}

TEST(PictureMetadataMalformedTest, RandomBytesNeverReadOutside) {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string tiff = FullExif(round % 2 == 0);
    for (int flips = 0; flips < 4; ++flips) tiff[4 + random() % (tiff.size() - 4)] = static_cast<char>(random());
    const PictureMetadata metadata = Read(tiff);
    if (metadata.latitude) {
      EXPECT_LE(std::abs(*metadata.latitude), 90);
    }
    for (const char c : metadata.camera) EXPECT_TRUE(c >= ' ' && c <= '~');
  }
}

TEST(PictureMetadataMalformedTest, FileThatCannotBeReadIsAnError) {
  EXPECT_THAT(ReadPictureMetadata(Source::FromFile("/nonexistent.jpg"), 1000), IsError(ErrorCode::kNotFound));
  EXPECT_THAT(ReadPictureMetadata(MemorySource(FullExif(true)), 10), IsError(ErrorCode::kResourceExhausted));
}

}  // namespace
}  // namespace sightline::media
