// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

extern "C" {
#include <libavcodec/avcodec.h>
}

#include "base/types.h"
#include "media/source.h"

namespace sightline::media::testing {

/// zlib's CRC-32 as eight hex digits, bit by bit.
std::string Crc32Hex(const std::vector<uint8_t>& bytes);

/// A source that holds the characters of a file.
Source MemorySource(std::string_view file, std::string name = "memory");

/// The pictures of the fixture `preprocess`, sorted.
std::vector<std::filesystem::path> FixturePaths();

/// A smooth picture that lossy formats keep almost unchanged.
ImageRgb8 Gradient(int width, int height);

/// Written by FFmpeg's encoder `codec` from one plane of `format`, rows without padding. Fails the test when it cannot.
/// `palette`: 256 native-endian ARGB values for PAL8.
std::string EncodeStill(AVCodecID codec, AVPixelFormat format, int width, int height,
                        const std::vector<uint8_t>& pixels, const std::vector<uint32_t>& palette = {});

/// A TIFF structure with one tag, the orientation.
std::string ExifBlock(int orientation, bool little_endian);
/// `jpeg` with an APP1 segment behind its start.
std::string JpegWithExif(std::string_view jpeg, std::string_view tiff);
/// `png` with a chunk behind its header chunk.
std::string PngWithChunk(std::string_view png, std::string_view type, std::string_view data);
/// One chunk of a RIFF file.
std::string RiffChunk(std::string_view fourcc, std::string_view data);
/// A RIFF file of type WEBP around chunks.
std::string WebpFile(std::string_view chunks);

/// An uncompressed TIFF with one strip. `samples` per pixel, `bits` per sample.
struct TiffLayout {
  int width = 0;
  int height = 0;
  int samples = 3;
  int bits = 8;
  int photometric = 2;  ///< 0 white is zero, 1 black is zero, 2 RGB.
  int orientation = 1;
};
std::string MakeTiff(const TiffLayout& layout, std::string_view pixels);

/// The number in `count` bytes, least or most significant first.
std::string LittleEndian(uint32_t value, int count);
std::string BigEndian(uint32_t value, int count);

}  // namespace sightline::media::testing
