// SPDX-License-Identifier: BSD-3-Clause
#include "http/media_type.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "media/source_reader.h"

namespace sightline::http {
namespace {

using namespace std::string_view_literals;

struct Magic {
  size_t offset;
  std::string_view bytes;
  MediaType type;
};

constexpr std::array kMagics = {
    Magic{0, "\xFF\xD8\xFF"sv, {"image/jpeg", "jpg"}},
    Magic{0, "\x89PNG\r\n\x1A\n"sv, {"image/png", "png"}},
    Magic{0, "GIF8"sv, {"image/gif", "gif"}},
    Magic{8, "WEBPVP8"sv, {"image/webp", "webp"}},
    Magic{0, "II*\0"sv, {"image/tiff", "tif"}},
    Magic{0, "MM\0*"sv, {"image/tiff", "tif"}},
    Magic{8, "AVI "sv, {"video/x-msvideo", "avi"}},
    Magic{0, "FLV\x01"sv, {"video/x-flv", "flv"}},
    Magic{0, "OggS"sv, {"video/ogg", "ogv"}},
    Magic{0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11"sv, {"video/x-ms-asf", "wmv"}},
    Magic{0, "\0\0\x01\xBA"sv, {"video/mpeg", "mpg"}},
    Magic{0, "\0\0\x01\xB3"sv, {"video/mpeg", "mpg"}},
};

constexpr MediaType kMp4 = {"video/mp4", "mp4"};

// By the brand of an ISO base media file.
MediaType TypeOfBrand(std::string_view brand) {
  if (brand == "avif" || brand == "avis") return {"image/avif", "avif"};
  constexpr std::array kHeif = {"heic"sv, "heix"sv, "heim"sv, "heis"sv, "hevc"sv, "hevx"sv, "mif1"sv, "msf1"sv};
  if (std::find(kHeif.begin(), kHeif.end(), brand) != kHeif.end()) return {"image/heic", "heic"};
  if (brand == "qt  ") return {"video/quicktime", "mov"};
  return kMp4;
}

// A bitmap begins with two letters only; what follows must make sense as well.
bool IsBitmap(std::string_view start) {
  if (start.size() < 18 || !start.starts_with("BM")) return false;
  const auto header_size = static_cast<unsigned char>(start[14]);
  return start.substr(6, 4) == "\0\0\0\0"sv && start.substr(15, 3) == "\0\0\0"sv &&
         (header_size == 12 || (header_size >= 40 && header_size <= 124));
}

// Packets of 188 bytes, each with the same first byte.
bool IsTransportStream(std::string_view start) {
  return start.size() > 2 * 188 && start[0] == 'G' && start[188] == 'G' && start[376] == 'G';
}

}  // namespace

std::optional<MediaType> MediaTypeOf(std::span<const std::byte> bytes) {
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const Magic& magic : kMagics) {
    if (start.size() >= magic.offset && start.substr(magic.offset).starts_with(magic.bytes)) return magic.type;
  }
  if (IsBitmap(start)) return MediaType{"image/bmp", "bmp"};
  if (start.size() >= 12 && start.substr(4, 4) == "ftyp") return TypeOfBrand(start.substr(8, 4));
  if (start.size() >= 8 && (start.substr(4, 4) == "moov" || start.substr(4, 4) == "mdat")) {
    return MediaType{"video/quicktime", "mov"};
  }
  if (start.starts_with("\x1A\x45\xDF\xA3"sv)) {
    const bool is_webm = start.substr(0, 64).find("webm") != std::string_view::npos;
    return is_webm ? MediaType{"video/webm", "webm"} : MediaType{"video/x-matroska", "mkv"};
  }
  if (IsTransportStream(start)) return MediaType{"video/mp2t", "ts"};
  return std::nullopt;
}

Result<MediaType> SniffMediaType(const media::Source& source) {
  SL_ASSIGN_OR_RETURN(const media::SourceReader reader, media::SourceReader::Open(source));
  std::array<std::byte, kMediaTypeBytes> start{};
  SL_ASSIGN_OR_RETURN(const size_t size, reader.ReadAt(0, start));
  const auto type = MediaTypeOf(std::span(start).first(size));
  if (!type) return Fail(ErrorCode::kUnsupported, fmt::format("{}: neither a picture nor a video", source.name()));
  return *type;
}

}  // namespace sightline::http
