// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include <jpeglib.h>

namespace sightline::media {

// Note [libjpeg errors]
// libjpeg reports a fatal error by a call that must not return, so it has to be left by longjmp. Every call of libjpeg
// that can fail is made by one of the functions below, which hold nothing with a destructor; each returns false after a
// fatal error, with the reason in `failure`. Nothing else in the project uses setjmp.

/// Why the last call failed.
struct JpegFailure {
  int code = 0;  ///< libjpeg's message code (jerror.h).
  char text[JMSG_LENGTH_MAX] = "";
  bool stopped = false;         ///< `should_stop` said so.
  bool too_many_scans = false;  ///< More scans than any real file has.
};

struct JpegErrorState {
  jpeg_error_mgr manager;
  jmp_buf jump;
  JpegFailure failure;
};

/// One JPEG being read. Not movable: libjpeg points into it.
class JpegReader {
 public:
  /// Asked between rows and scans; must not throw.
  using ShouldStop = bool (*)(const void* context);

  JpegReader(ShouldStop should_stop, const void* stop_context)
      : should_stop_(should_stop), stop_context_(stop_context) {}
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&info_); }

  /// Reads up to the first scan. `bytes` must outlive the reader.
  bool ReadHeader(const uint8_t* bytes, size_t size_bytes);
  /// For a progressive file this reads all scans. `color_space` is that of the rows.
  bool Start(J_COLOR_SPACE color_space);
  bool ReadRow(uint8_t* row);
  /// The profile from the header's segments: null when there is none; to be freed with free().
  JOCTET* ReadIccProfile(unsigned* size_bytes);

  const jpeg_decompress_struct& info() const { return info_; }
  const JpegFailure& failure() const { return errors_.failure; }

 private:
  static void OnProgress(j_common_ptr info);

  jpeg_decompress_struct info_{};
  JpegErrorState errors_{};
  jpeg_progress_mgr progress_{};
  ShouldStop should_stop_;
  const void* stop_context_;
};

/// What EncodeJpegRows writes: memory from malloc, owned by the caller, also after a failure.
struct JpegOutput {
  unsigned char* bytes = nullptr;
  unsigned long size_bytes = 0;
};

/// A baseline JPEG of RGB rows that are `stride` bytes apart. `quality` 1 to 100.
bool EncodeJpegRows(const uint8_t* rows, size_t stride, int width, int height, int quality, JpegOutput& output,
                    JpegFailure& failure);

}  // namespace sightline::media
