// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "media/ffmpeg_handles_internal.h"
#include "media/source_reader.h"
#include "media/watchdog_internal.h"

namespace sightline::media {

/// The demuxer of a container that video files come in, by content; null when the content is of none of them.
/// `file_start`: the first bytes, with AVPROBE_PADDING_SIZE zero bytes behind them that `size` does not count.
const AVInputFormat* SniffContainer(const uint8_t* file_start, int size);

/// A Source opened by a demuxer of FFmpeg. Confined to one thread at a time.
///
/// Note [Closed input]
/// FFmpeg's own guessing knows play lists, scripts, devices and the network, and some containers name other files. So
/// the demuxer is one of a short list of containers (SniffContainer), it reads through our own reader from one Source,
/// no protocol is allowed to it, and whatever it asks to open besides is refused.
class VideoInput {
 public:
  /// `watchdog` must outlive the input; it ends reads that take too long.
  /// Errors: those of SourceReader::Open; kUnsupported (not a container we read), kCorruption, kResourceExhausted,
  /// kDeadlineExceeded, kCancelled.
  static Result<std::unique_ptr<VideoInput>> Open(const Source& source, const Watchdog& watchdog);

  AVFormatContext& format() { return *format_; }
  uint64_t size_bytes() const { return reader_.size_bytes(); }

  /// Whether reading failed below us, and not because of what the file contains. Errors: kUnavailable.
  const Status& read_status() const { return read_status_; }

 private:
  VideoInput(SourceReader reader, const Watchdog& watchdog) : reader_(std::move(reader)), watchdog_(watchdog) {}

  Status OpenDemuxer();
  static int OnRead(void* self, uint8_t* buffer, int size);
  static int64_t OnSeek(void* self, int64_t offset, int whence);

  SourceReader reader_;
  const Watchdog& watchdog_;
  uint64_t position_ = 0;
  Status read_status_;
  UniqueIoContext io_;
  UniqueFormatContext format_;
};

}  // namespace sightline::media
