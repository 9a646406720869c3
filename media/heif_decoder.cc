// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <memory>
#include <string>

#include <libheif/heif.h>

#include "media/image_decoders_internal.h"
#include "media/image_format_internal.h"

namespace sightline::media {
namespace {

struct ContextDeleter {
  void operator()(heif_context* context) const { heif_context_free(context); }
};
struct HandleDeleter {
  void operator()(heif_image_handle* handle) const { heif_image_handle_release(handle); }
};
struct ImageDeleter {
  void operator()(heif_image* image) const { heif_image_release(image); }
};
struct OptionsDeleter {
  void operator()(heif_decoding_options* options) const { heif_decoding_options_free(options); }
};
using UniqueContext = std::unique_ptr<heif_context, ContextDeleter>;
using UniqueHandle = std::unique_ptr<heif_image_handle, HandleDeleter>;
using UniqueHeifImage = std::unique_ptr<heif_image, ImageDeleter>;
using UniqueDecodingOptions = std::unique_ptr<heif_decoding_options, OptionsDeleter>;

Status ToStatus(const heif_error& error) {
  if (error.code == heif_error_Ok) return {};
  ErrorCode code = ErrorCode::kCorruption;
  if (error.code == heif_error_Memory_allocation_error) code = ErrorCode::kResourceExhausted;
  if (error.code == heif_error_Unsupported_filetype || error.code == heif_error_Unsupported_feature ||
      error.code == heif_error_Color_profile_does_not_exist) {
    code = ErrorCode::kUnsupported;
  }
  if (error.code == heif_error_Unsupported_feature && error.subcode == heif_suberror_Unsupported_codec) {
    return Fail(code, "HEIF: the installed libheif has no decoder for this picture");
  }
  return Fail(code, std::string("HEIF: ") + error.message);
}

/// The main picture of a file. The handle needs the context.
struct Opened {
  UniqueContext context;
  UniqueHandle handle;
};

Result<Opened> Open(ByteSpan bytes) {
  Opened opened;
  opened.context.reset(heif_context_alloc());
  if (!opened.context) return Fail(ErrorCode::kResourceExhausted, "HEIF: out of memory");
  // Files are decoded in parallel already: the tiles of one are not.
  heif_context_set_max_decoding_threads(opened.context.get(), 0);
  SL_RETURN_IF_ERROR(
      ToStatus(heif_context_read_from_memory_without_copy(opened.context.get(), bytes.data(), bytes.size(), nullptr)));
  heif_image_handle* handle = nullptr;
  SL_RETURN_IF_ERROR(ToStatus(heif_context_get_primary_image_handle(opened.context.get(), &handle)));
  opened.handle.reset(handle);
  return opened;
}

ImageInfo InfoOf(const heif_image_handle* handle) {
  const heif_color_profile_type profile = heif_image_handle_get_color_profile_type(handle);
  return ImageInfo{
      .format = ImageFormat::kHeif,
      .width = heif_image_handle_get_width(handle),
      .height = heif_image_handle_get_height(handle),
      .has_icc_profile = profile == heif_color_profile_type_prof || profile == heif_color_profile_type_rICC};
}

Result<UniqueHeifImage> DecodePixels(const heif_image_handle* handle) {
  const UniqueDecodingOptions settings(heif_decoding_options_alloc());
  if (!settings) return Fail(ErrorCode::kResourceExhausted, "HEIF: out of memory");
  settings->convert_hdr_to_8bit = 1;
  heif_image* image = nullptr;
  SL_RETURN_IF_ERROR(
      ToStatus(heif_decode_image(handle, &image, heif_colorspace_RGB, heif_chroma_interleaved_RGB, settings.get())));
  return UniqueHeifImage(image);
}

}  // namespace

Result<ImageInfo> ProbeHeif(ByteSpan bytes) {
  SL_ASSIGN_OR_RETURN(const Opened opened, Open(bytes));
  return InfoOf(opened.handle.get());
}

Result<DecodedImage> DecodeHeif(ByteSpan bytes, const DecodeOptions& options) {
  SL_ASSIGN_OR_RETURN(const Opened opened, Open(bytes));
  const ImageInfo info = InfoOf(opened.handle.get());
  SL_RETURN_IF_ERROR(CheckPixels({info.width, info.height}, options.max_pixels));
  SL_RETURN_IF_ERROR(options.limits.Check("decode a HEIF"));
  SL_ASSIGN_OR_RETURN(const UniqueHeifImage pixels, DecodePixels(opened.handle.get()));
  const int width = heif_image_get_width(pixels.get(), heif_channel_interleaved);
  const int height = heif_image_get_height(pixels.get(), heif_channel_interleaved);
  SL_RETURN_IF_ERROR(CheckPixels({width, height}, options.max_pixels));
  int stride = 0;
  const uint8_t* plane = heif_image_get_plane_readonly(pixels.get(), heif_channel_interleaved, &stride);
  const size_t row_bytes = static_cast<size_t>(width) * 3;
  if (plane == nullptr || stride < 0 || static_cast<size_t>(stride) < row_bytes) {
    return Fail(ErrorCode::kCorruption, "HEIF: no pixels");
  }
  DecodedImage decoded;
  decoded.image = MakeImage(width, height);
  for (size_t y = 0; y < static_cast<size_t>(height); ++y) {
    std::copy_n(plane + y * static_cast<size_t>(stride), row_bytes, decoded.image.pixels.data() + y * row_bytes);
  }
  if (options.convert_icc_to_srgb && info.has_icc_profile) {
    decoded.icc_profile.resize(heif_image_handle_get_raw_color_profile_size(opened.handle.get()));
    SL_RETURN_IF_ERROR(
        ToStatus(heif_image_handle_get_raw_color_profile(opened.handle.get(), decoded.icc_profile.data())));
  }
  return decoded;
}

std::vector<std::byte> HeifExif(ByteSpan bytes) {
  constexpr size_t kOffsetBytes = 4;
  constexpr size_t kMaxExifBytes = 1 << 20;
  const auto opened = Open(bytes);
  heif_item_id block = 0;
  if (!opened || heif_image_handle_get_list_of_metadata_block_IDs(opened->handle.get(), "Exif", &block, 1) != 1)
    return {};
  const size_t size = heif_image_handle_get_metadata_size(opened->handle.get(), block);
  if (size <= kOffsetBytes || size > kMaxExifBytes) return {};
  std::vector<std::byte> exif(size);
  if (heif_image_handle_get_metadata(opened->handle.get(), block, exif.data()).code != heif_error_Ok) return {};
  // The block begins with the offset of the TIFF structure behind these four bytes (ISO/IEC 23008-12, annex A.2.1).
  const size_t start = kOffsetBytes + ReadBigEndian(exif, 0, kOffsetBytes);
  exif.erase(exif.begin(), exif.begin() + static_cast<std::ptrdiff_t>(std::min(start, size)));
  return exif;
}

}  // namespace sightline::media
