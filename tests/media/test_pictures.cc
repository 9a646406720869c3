// SPDX-License-Identifier: BSD-3-Clause
#include "tests/media/test_pictures.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "media/ffmpeg_handles_internal.h"
#include "tests/support/test_support.h"

namespace sightline::media::testing {

std::string Crc32Hex(const std::vector<uint8_t>& bytes) {
  uint32_t crc = 0xFFFFFFFF;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0u);
  }
  char text[9];
  std::snprintf(text, sizeof text, "%08x", crc ^ 0xFFFFFFFF);
  return text;
}

Source MemorySource(std::string_view file, std::string name) {
  const auto* start = reinterpret_cast<const std::byte*>(file.data());
  return Source::FromMemory({start, start + file.size()}, std::move(name));
}

std::vector<std::filesystem::path> FixturePaths() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(sightline::testing::TestData("preprocess/pictures"))) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  EXPECT_EQ(paths.size(), 28u);
  return paths;
}

ImageRgb8 Gradient(int width, int height) {
  ImageRgb8 image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int value : {x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)}) {
        image.pixels.push_back(static_cast<uint8_t>(value));
      }
    }
  }
  return image;
}

std::string EncodeStill(AVCodecID codec, AVPixelFormat format, int width, int height,
                        const std::vector<uint8_t>& pixels, const std::vector<uint32_t>& palette) {
  SilenceFfmpeg();
  const AVCodec* encoder = avcodec_find_encoder(codec);
  EXPECT_NE(encoder, nullptr);
  const UniqueCodecContext context(avcodec_alloc_context3(encoder));
  context->width = width;
  context->height = height;
  context->pix_fmt = format;
  context->time_base = {1, 25};
  EXPECT_EQ(avcodec_open2(context.get(), encoder, nullptr), 0);
  const UniqueFrame frame(av_frame_alloc());
  frame->width = width;
  frame->height = height;
  frame->format = format;
  EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
  const size_t row_bytes = pixels.size() / static_cast<size_t>(height);
  for (int y = 0; y < height; ++y) {
    std::memcpy(frame->data[0] + y * frame->linesize[0], pixels.data() + static_cast<size_t>(y) * row_bytes, row_bytes);
  }
  if (!palette.empty()) std::memcpy(frame->data[1], palette.data(), palette.size() * sizeof(uint32_t));
  const UniquePacket packet(av_packet_alloc());
  EXPECT_EQ(avcodec_send_frame(context.get(), frame.get()), 0);
  EXPECT_EQ(avcodec_send_frame(context.get(), nullptr), 0);
  EXPECT_EQ(avcodec_receive_packet(context.get(), packet.get()), 0);
  return {reinterpret_cast<const char*>(packet->data), static_cast<size_t>(packet->size)};
}

std::string LittleEndian(uint32_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(i < 4 ? value >> (8 * i) : 0);
  return bytes;
}

std::string BigEndian(uint32_t value, int count) {
  const std::string reversed = LittleEndian(value, count);
  return {reversed.rbegin(), reversed.rend()};
}

std::string ExifBlock(int orientation, bool little_endian) {
  const auto number = little_endian ? LittleEndian : BigEndian;
  const auto value = static_cast<uint32_t>(orientation);
  return (little_endian ? "II" : "MM") + number(42, 2) + number(8, 4) + number(1, 2) + number(274, 2) + number(3, 2) +
         number(1, 4) + number(value, 2) + number(0, 2) + number(0, 4);
}

std::string JpegWithExif(std::string_view jpeg, std::string_view tiff) {
  const std::string content = std::string("Exif\0\0", 6).append(tiff);
  return std::string(jpeg.substr(0, 2)) + "\xFF\xE1" + BigEndian(static_cast<uint32_t>(content.size() + 2), 2) +
         content + std::string(jpeg.substr(2));
}

std::string PngWithChunk(std::string_view png, std::string_view type, std::string_view data) {
  constexpr size_t kHeaderEnd = 8 + 25;
  const std::string body = std::string(type).append(data);
  const std::string crc = Crc32Hex({body.begin(), body.end()});
  return std::string(png.substr(0, kHeaderEnd)) + BigEndian(static_cast<uint32_t>(data.size()), 4) + body +
         BigEndian(static_cast<uint32_t>(std::stoul(crc, nullptr, 16)), 4) + std::string(png.substr(kHeaderEnd));
}

std::string RiffChunk(std::string_view fourcc, std::string_view data) {
  std::string chunk = std::string(fourcc) + LittleEndian(static_cast<uint32_t>(data.size()), 4) + std::string(data);
  if (data.size() % 2 != 0) chunk += '\0';
  return chunk;
}

std::string WebpFile(std::string_view chunks) {
  return "RIFF" + LittleEndian(static_cast<uint32_t>(chunks.size() + 4), 4) + "WEBP" + std::string(chunks);
}

std::string MakeTiff(const TiffLayout& layout, std::string_view pixels) {
  constexpr uint32_t kShort = 3;
  constexpr uint32_t kLong = 4;
  std::string entries;
  uint32_t count = 0;
  const auto add = [&](uint32_t tag, uint32_t type, int value) {
    entries += LittleEndian(tag, 2) + LittleEndian(type, 2) + LittleEndian(1, 4);
    entries += LittleEndian(static_cast<uint32_t>(value), 4);
    ++count;
  };
  constexpr int kPixelsAt = 8 + 2 + 10 * 12 + 4;
  add(256, kLong, layout.width);
  add(257, kLong, layout.height);
  // One value stands for all samples: FFmpeg and libtiff both take it so.
  add(258, kShort, layout.bits);
  add(259, kShort, 1);
  add(262, kShort, layout.photometric);
  add(273, kLong, kPixelsAt);
  add(274, kShort, layout.orientation);
  add(277, kShort, layout.samples);
  add(278, kLong, layout.height);
  add(279, kLong, static_cast<int>(pixels.size()));
  return std::string("II*\0", 4) + LittleEndian(8, 4) + LittleEndian(count, 2) + entries + LittleEndian(0, 4) +
         std::string(pixels);
}

}  // namespace sightline::media::testing
