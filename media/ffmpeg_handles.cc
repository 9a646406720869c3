// SPDX-License-Identifier: BSD-3-Clause
#include "media/ffmpeg_handles_internal.h"

#include <mutex>

extern "C" {
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
}

namespace sightline::media {

void IoContextDeleter::operator()(AVIOContext* context) const {
  av_freep(&context->buffer);
  avio_context_free(&context);
}

void SilenceFfmpeg() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_level(AV_LOG_QUIET); });
}

std::string FfmpegErrorText(int error_number) {
  char text[AV_ERROR_MAX_STRING_SIZE] = "";
  av_strerror(error_number, text, sizeof text);
  return text;
}

}  // namespace sightline::media
