// SPDX-License-Identifier: BSD-3-Clause
#include "media/jpeg_codec_internal.h"

namespace sightline::media {
namespace {

constexpr int kMaxScans = 500;              ///< Progressive files have about ten.
constexpr unsigned kWholeSegment = 0xFFFF;  ///< The largest a segment can be.

JpegErrorState& ErrorsOf(j_common_ptr info) { return *reinterpret_cast<JpegErrorState*>(info->err); }

[[noreturn]] void OnFatalError(j_common_ptr info) {
  JpegErrorState& errors = ErrorsOf(info);
  errors.failure.code = info->err->msg_code;
  info->err->format_message(info, errors.failure.text);
  longjmp(errors.jump, 1);
}

void DropMessage(j_common_ptr) {}

jpeg_error_mgr* PrepareErrors(JpegErrorState& errors) {
  jpeg_std_error(&errors.manager);
  errors.manager.error_exit = OnFatalError;
  errors.manager.output_message = DropMessage;
  return &errors.manager;
}

}  // namespace

void JpegReader::OnProgress(j_common_ptr info) {
  auto* reader = static_cast<JpegReader*>(info->client_data);
  JpegFailure& failure = reader->errors_.failure;
  failure.too_many_scans = reader->info_.input_scan_number > kMaxScans;
  failure.stopped = reader->should_stop_(reader->stop_context_);
  if (failure.too_many_scans || failure.stopped) longjmp(reader->errors_.jump, 1);
}

bool JpegReader::ReadHeader(const uint8_t* bytes, size_t size_bytes) {
  info_.err = PrepareErrors(errors_);
  if (setjmp(errors_.jump) != 0) return false;
  jpeg_create_decompress(&info_);
  info_.client_data = this;
  progress_.progress_monitor = OnProgress;
  info_.progress = &progress_;
  jpeg_mem_src(&info_, bytes, size_bytes);
  jpeg_save_markers(&info_, JPEG_APP0 + 1, kWholeSegment);  // EXIF
  jpeg_save_markers(&info_, JPEG_APP0 + 2, kWholeSegment);  // ICC
  return jpeg_read_header(&info_, TRUE) == JPEG_HEADER_OK;
}

bool JpegReader::Start(J_COLOR_SPACE color_space) {
  if (setjmp(errors_.jump) != 0) return false;
  info_.out_color_space = color_space;
  info_.dct_method = JDCT_ISLOW;
  info_.do_fancy_upsampling = TRUE;
  return jpeg_start_decompress(&info_) == TRUE;
}

bool JpegReader::ReadRow(uint8_t* row) {
  if (setjmp(errors_.jump) != 0) return false;
  return jpeg_read_scanlines(&info_, &row, 1) == 1;
}

JOCTET* JpegReader::ReadIccProfile(unsigned* size_bytes) {
  JOCTET* volatile profile = nullptr;
  if (setjmp(errors_.jump) != 0) return nullptr;
  JOCTET* read = nullptr;
  if (jpeg_read_icc_profile(&info_, &read, size_bytes) == TRUE) profile = read;
  return profile;
}

bool EncodeJpegRows(const uint8_t* rows, size_t stride, int width, int height, int quality, JpegOutput& output,
                    JpegFailure& failure) {
  jpeg_compress_struct info{};
  JpegErrorState errors{};
  info.err = PrepareErrors(errors);
  if (setjmp(errors.jump) != 0) {
    failure = errors.failure;
    jpeg_destroy_compress(&info);
    return false;
  }
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &output.bytes, &output.size_bytes);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  info.optimize_coding = TRUE;
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(rows + info.next_scanline * stride);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  return true;
}

}  // namespace sightline::media
