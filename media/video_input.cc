// SPDX-License-Identifier: BSD-3-Clause
#include "media/video_input_internal.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

extern "C" {
#include <libavutil/error.h>
#include <libavutil/mem.h>
}

namespace sightline::media {
namespace {

constexpr int kIoBufferBytes = 64 * 1024;
constexpr unsigned kProbeBytes = 1024 * 1024;
constexpr int kMaxStreams = 100;

/// FFmpeg's names of the demuxers that may see an untrusted file.
constexpr std::array<std::string_view, 13> kContainers = {"mov,mp4,m4a,3gp,3g2,mj2",
                                                          "matroska,webm",
                                                          "avi",
                                                          "mpegts",
                                                          "mpeg",
                                                          "gif",
                                                          "flv",
                                                          "ogg",
                                                          "asf",
                                                          "ivf",
                                                          "h264",
                                                          "hevc",
                                                          "mpegvideo"};

bool IsAllowed(const AVInputFormat& format) {
  return std::find(kContainers.begin(), kContainers.end(), format.name) != kContainers.end();
}

int RefuseToOpen(AVFormatContext* /*format*/, AVIOContext** /*io*/, const char* /*url*/, int /*flags*/,
                 AVDictionary** /*options*/) {
  return AVERROR(EPERM);
}

tl::unexpected<Error> FailToOpen(int error_number) {
  const bool memory = error_number == AVERROR(ENOMEM);
  const bool unsupported = error_number == AVERROR_PATCHWELCOME || error_number == AVERROR(ENOSYS);
  return Fail(memory        ? ErrorCode::kResourceExhausted
              : unsupported ? ErrorCode::kUnsupported
                            : ErrorCode::kCorruption,
              "cannot read the container: " + FfmpegErrorText(error_number));
}

}  // namespace

const AVInputFormat* SniffContainer(const uint8_t* file_start, int size) {
  AVProbeData probe{};
  probe.filename = "";
  probe.buf = const_cast<uint8_t*>(file_start);
  probe.buf_size = size;
  int score = 0;
  const AVInputFormat* format = av_probe_input_format3(&probe, 1, &score);
  return format != nullptr && IsAllowed(*format) && score >= AVPROBE_SCORE_RETRY ? format : nullptr;
}

int VideoInput::OnRead(void* self, uint8_t* buffer, int size) {
  auto& input = *static_cast<VideoInput*>(self);
  if (input.watchdog_.Expired()) return AVERROR_EXIT;
  const auto got =
      input.reader_.ReadAt(input.position_, {reinterpret_cast<std::byte*>(buffer), static_cast<size_t>(size)});
  if (!got) {
    input.read_status_ = tl::unexpected(got.error());
    return AVERROR(EIO);
  }
  if (*got == 0) return AVERROR_EOF;
  input.position_ += *got;
  return static_cast<int>(*got);
}

int64_t VideoInput::OnSeek(void* self, int64_t offset, int whence) {
  auto& input = *static_cast<VideoInput*>(self);
  const auto size = static_cast<int64_t>(input.size_bytes());
  int64_t base = 0;
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
      return size;
    case SEEK_SET:
      break;
    case SEEK_CUR:
      base = static_cast<int64_t>(input.position_);
      break;
    case SEEK_END:
      base = size;
      break;
    default:
      return AVERROR(EINVAL);
  }
  int64_t target = 0;
  if (__builtin_add_overflow(base, offset, &target) || target < 0) return AVERROR(EINVAL);
  input.position_ = static_cast<uint64_t>(target);
  return target;
}

Result<std::unique_ptr<VideoInput>> VideoInput::Open(const Source& source, const Watchdog& watchdog) {
  SilenceFfmpeg();
  SL_ASSIGN_OR_RETURN(SourceReader reader, SourceReader::Open(source));
  if (reader.size_bytes() == 0) return Fail(ErrorCode::kCorruption, "the file is empty");
  if (reader.size_bytes() > INT64_MAX) return Fail(ErrorCode::kResourceExhausted, "the file is too large");
  std::unique_ptr<VideoInput> input(new VideoInput(std::move(reader), watchdog));
  const Status opened = input->OpenDemuxer();
  SL_RETURN_IF_ERROR(watchdog.Check("open a video"));
  SL_RETURN_IF_ERROR(input->read_status_);
  SL_RETURN_IF_ERROR(opened);
  return input;
}

Status VideoInput::OpenDemuxer() {
  auto* buffer = static_cast<uint8_t*>(av_malloc(kIoBufferBytes));
  if (buffer == nullptr) return Fail(ErrorCode::kResourceExhausted, "out of memory");
  io_.reset(avio_alloc_context(buffer, kIoBufferBytes, 0, this, &OnRead, nullptr, &OnSeek));
  if (!io_) {
    av_free(buffer);
    return Fail(ErrorCode::kResourceExhausted, "out of memory");
  }
  const AVInputFormat* demuxer = nullptr;
  const int score = av_probe_input_buffer2(io_.get(), &demuxer, "", nullptr, 0, kProbeBytes);
  if (score < 0 || demuxer == nullptr) return Fail(ErrorCode::kUnsupported, "not a video container that we read");
  if (!IsAllowed(*demuxer)) {
    return Fail(ErrorCode::kUnsupported, std::string("not a video container that we read: ") + demuxer->name);
  }
  AVFormatContext* format = avformat_alloc_context();
  if (format == nullptr) return Fail(ErrorCode::kResourceExhausted, "out of memory");
  format->pb = io_.get();
  format->flags |= AVFMT_FLAG_CUSTOM_IO;
  format->io_open = RefuseToOpen;
  format->max_streams = kMaxStreams;
  format->protocol_whitelist = av_strdup("");
  format->format_whitelist = av_strdup(demuxer->name);
  format->skip_estimate_duration_from_pts = 1;  // we measure it
  format->interrupt_callback = {
      [](void* watchdog) { return static_cast<const Watchdog*>(watchdog)->Expired() ? 1 : 0; },
      const_cast<Watchdog*>(&watchdog_)};
  const int opened = avformat_open_input(&format, "", demuxer, nullptr);  // frees `format` when it fails
  if (opened < 0) return FailToOpen(opened);
  format_.reset(format);
  const int found = avformat_find_stream_info(format, nullptr);
  if (found < 0) return FailToOpen(found);
  return {};
}

}  // namespace sightline::media
