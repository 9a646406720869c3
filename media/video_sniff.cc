// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/guard.h"
#include "media/byte_reader_internal.h"
#include "media/image_format_internal.h"
#include "media/source_reader.h"
#include "media/video_input_internal.h"
#include "media/video_reader.h"

namespace sightline::media {
namespace {

constexpr size_t kSniffBytes = size_t{1} << 20;

/// Steps over the blocks of a GIF until a second picture or the end.
class GifBlocks {
 public:
  explicit GifBlocks(const SourceReader& reader) : reader_(reader) {}

  Result<bool> HasSecondPicture() {
    at_ = 10;
    SL_ASSIGN_OR_RETURN(const uint8_t screen, Byte());
    at_ = 13 + ColorTableBytes(screen);
    int pictures = 0;
    while (!ended_) {
      SL_ASSIGN_OR_RETURN(const uint8_t kind, Byte());
      if (kind == kExtension) {
        ++at_;
      } else if (kind == kPicture) {
        if (++pictures == 2) return true;
        at_ += 8;
        SL_ASSIGN_OR_RETURN(const uint8_t flags, Byte());
        at_ += ColorTableBytes(flags) + 1;
      } else {
        break;
      }
      SL_RETURN_IF_ERROR(SkipSubBlocks());
    }
    return false;
  }

 private:
  static constexpr uint8_t kExtension = 0x21;
  static constexpr uint8_t kPicture = 0x2C;

  static uint64_t ColorTableBytes(uint8_t flags) { return (flags & 0x80) != 0 ? uint64_t{3} << ((flags & 7) + 1) : 0; }

  Status SkipSubBlocks() {
    while (true) {
      SL_ASSIGN_OR_RETURN(const uint8_t length, Byte());
      if (length == 0) return {};
      at_ += length;
    }
  }

  /// The byte at `at_`, which moves on; 0 behind the end.
  Result<uint8_t> Byte() {
    if (at_ < window_start_ || at_ >= window_start_ + window_bytes_) {
      window_start_ = at_;
      SL_ASSIGN_OR_RETURN(window_bytes_, reader_.ReadAt(at_, window_));
      ended_ = window_bytes_ == 0;
      if (ended_) return uint8_t{0};
    }
    return std::to_integer<uint8_t>(window_[at_++ - window_start_]);
  }

  const SourceReader& reader_;
  uint64_t at_ = 0;
  bool ended_ = false;
  std::array<std::byte, 4096> window_{};
  uint64_t window_start_ = 0;
  size_t window_bytes_ = 0;
};

Result<bool> LooksLikeVideoIn(const SourceReader& reader) {
  std::vector<std::byte> start(std::min<uint64_t>(reader.size_bytes(), kSniffBytes) + AVPROBE_PADDING_SIZE);
  SL_ASSIGN_OR_RETURN(const size_t got, reader.ReadAt(0, std::span(start).first(start.size() - AVPROBE_PADDING_SIZE)));
  if (const auto picture = SniffImageFormat(ByteSpan(start).first(got))) {
    if (*picture != ImageFormat::kGif) return false;
    return GifBlocks(reader).HasSecondPicture();
  }
  return SniffContainer(reinterpret_cast<const uint8_t*>(start.data()), static_cast<int>(got)) != nullptr;
}

}  // namespace

Result<bool> LooksLikeVideo(const Source& source) {
  SL_ASSIGN_OR_RETURN(const SourceReader reader, SourceReader::Open(source));
  return Guard("look at " + source.name(), [&] { return LooksLikeVideoIn(reader); });
}

bool HasVideoExtension(std::string_view file_name) {
  constexpr std::array<std::string_view, 27> kExtensions = {
      "mp4", "m4v", "mov", "qt",   "3gp", "3g2", "mkv", "webm", "avi", "divx", "mpg", "mpeg", "mpe", "m2p",
      "vob", "ts",  "mts", "m2ts", "flv", "f4v", "ogv", "ogm",  "wmv", "asf",  "ivf", "m2v",  "mj2"};
  const size_t dot = file_name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || file_name[dot - 1] == '/') return false;  // ".mp4" is a hidden file
  std::string extension(file_name.substr(dot + 1));
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

}  // namespace sightline::media
