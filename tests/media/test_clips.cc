// SPDX-License-Identifier: BSD-3-Clause
#include "tests/media/test_clips.h"

#include <cstring>
#include <filesystem>

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
}

#include "media/ffmpeg_handles_internal.h"
#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media::testing {
namespace {

constexpr int kColumns = 4;
constexpr int kRows = 3;

/// A stored pixel's place in the frame as shown, of 1 by 1.
struct Place {
  double x = 0;
  double y = 0;
};

Place ShownPlace(int exif_orientation, double x, double y) {
  switch (exif_orientation) {
    case 3:
      return {1 - x, 1 - y};
    case 6:
      return {1 - y, x};
    case 8:
      return {y, 1 - x};
    default:
      return {x, y};
  }
}

bool IsWhite(const ClipSpec& spec, int number, int x, int y) {
  const Place place = ShownPlace(spec.exif_orientation, (x + 0.5) / spec.width, (y + 0.5) / spec.height);
  const int cell = static_cast<int>(place.y * kRows) * kColumns + static_cast<int>(place.x * kColumns);
  return (number >> cell & 1) != 0;
}

void SetSample(uint8_t* line, int x, int depth, int value) {
  if (depth == 8) {
    line[x] = static_cast<uint8_t>(value);
  } else {
    const auto wide = static_cast<uint16_t>(value);
    std::memcpy(line + 2 * x, &wide, sizeof wide);
  }
}

void FillPlane(const AVFrame& frame, const AVPixFmtDescriptor& format, int plane, int value) {
  const int width = plane == 0 ? frame.width : AV_CEIL_RSHIFT(frame.width, format.log2_chroma_w);
  const int height = plane == 0 ? frame.height : AV_CEIL_RSHIFT(frame.height, format.log2_chroma_h);
  for (int y = 0; y < height; ++y) {
    uint8_t* line = frame.data[plane] + static_cast<ptrdiff_t>(y) * frame.linesize[plane];
    for (int x = 0; x < width; ++x) SetSample(line, x, format.comp[0].depth, value);
  }
}

void FillPlanes(const AVFrame& frame, const AVPixFmtDescriptor& format, const std::array<int, 3>& color) {
  for (int plane = 0; plane < 3; ++plane) FillPlane(frame, format, plane, color[static_cast<size_t>(plane)]);
}

/// A few levels up or down, in 8-bit luma.
void AddStripes(const AVFrame& frame, int number) {
  for (int y = 0; y < frame.height; ++y) {
    uint8_t* line = frame.data[0] + static_cast<ptrdiff_t>(y) * frame.linesize[0];
    for (int x = 0; x < frame.width; ++x) {
      const int level = (x * y / 97 + 7 * number + (x * 31 + y * 17) % 23) % 32;
      line[x] = static_cast<uint8_t>(line[x] > 128 ? line[x] - level : line[x] + level);
    }
  }
}

UniqueFrame DrawFrame(const ClipSpec& spec, int number) {
  UniqueFrame frame(av_frame_alloc());
  frame->width = spec.width;
  frame->height = spec.height;
  frame->format = spec.format;
  EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
  const AVPixFmtDescriptor& format = *av_pix_fmt_desc_get(spec.format);
  const int depth = format.comp[0].depth;
  if (spec.color) {
    FillPlanes(*frame, format, *spec.color);
    return frame;
  }
  for (int y = 0; y < spec.height; ++y) {
    uint8_t* line = frame->data[0] + static_cast<ptrdiff_t>(y) * frame->linesize[0];
    for (int x = 0; x < spec.width; ++x)
      SetSample(line, x, depth, (IsWhite(spec, number, x, y) ? 235 : 16) << (depth - 8));
  }
  if (spec.noise) AddStripes(*frame, number);
  for (int plane = 1; plane < format.nb_components; ++plane) FillPlane(*frame, format, plane, 128 << (depth - 8));
  return frame;
}

int64_t TicksOf(const ClipSpec& spec, int number) {
  return spec.first_tick + (spec.ticks.empty() ? number : spec.ticks.at(static_cast<size_t>(number)));
}

AVDictionary* DictionaryOf(const Options& options) {
  AVDictionary* dictionary = nullptr;
  for (const auto& [key, value] : options) av_dict_set(&dictionary, key.c_str(), value.c_str(), 0);
  return dictionary;
}

void ExpectAllUsed(AVDictionary*& options) {
  const AVDictionaryEntry* left = av_dict_get(options, "", nullptr, AV_DICT_IGNORE_SUFFIX);
  EXPECT_EQ(left, nullptr) << left->key;
  av_dict_free(&options);
}

UniqueCodecContext OpenEncoder(const ClipSpec& spec, bool global_header) {
  const AVCodec* codec = avcodec_find_encoder_by_name(spec.codec.c_str());
  EXPECT_NE(codec, nullptr) << spec.codec;
  UniqueCodecContext encoder(avcodec_alloc_context3(codec));
  encoder->width = spec.width;
  encoder->height = spec.height;
  encoder->pix_fmt = spec.format;
  encoder->time_base = spec.time_base;
  encoder->framerate = spec.ticks.empty() ? av_inv_q(spec.time_base) : AVRational{0, 1};
  encoder->sample_aspect_ratio = spec.sample_aspect;
  encoder->gop_size = spec.gop;
  encoder->max_b_frames = spec.b_frames;
  encoder->thread_count = 1;
  encoder->color_range = spec.format == AV_PIX_FMT_YUVJ420P ? AVCOL_RANGE_JPEG : spec.range;
  encoder->colorspace = spec.matrix;
  if (global_header) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AVDictionary* options = DictionaryOf(spec.codec_options);
  EXPECT_EQ(avcodec_open2(encoder.get(), codec, &options), 0) << spec.codec;
  ExpectAllUsed(options);
  return encoder;
}

/// Writes one clip of one stream.
class ClipWriter {
 public:
  explicit ClipWriter(const ClipSpec& spec) : spec_(spec) {
    SilenceFfmpeg();
    EXPECT_GE(avformat_alloc_output_context2(&muxer_, nullptr, spec.container.c_str(), path().c_str()), 0)
        << spec.container;
    EXPECT_EQ(avio_open(&muxer_->pb, path().c_str(), AVIO_FLAG_WRITE), 0);
    if (spec.with_cover) AddCover();
    muxer_->metadata = DictionaryOf(spec.tags);
    encoder_ = OpenEncoder(spec, (muxer_->oformat->flags & AVFMT_GLOBALHEADER) != 0);
    stream_ = avformat_new_stream(muxer_, nullptr);
    stream_->time_base = spec.time_base;
    stream_->avg_frame_rate = encoder_->framerate;
    stream_->sample_aspect_ratio = spec.sample_aspect;
    EXPECT_GE(avcodec_parameters_from_context(stream_->codecpar, encoder_.get()), 0);
    if (spec.exif_orientation != 1) Turn(spec.exif_orientation == 6 ? 90 : spec.exif_orientation == 8 ? -90 : 180);
    AVDictionary* options = DictionaryOf(spec.muxer_options);
    EXPECT_GE(avformat_write_header(muxer_, &options), 0);
    ExpectAllUsed(options);
    if (cover_) {
      EXPECT_EQ(av_interleaved_write_frame(muxer_, cover_.get()), 0);
    }
  }
  ClipWriter(const ClipWriter&) = delete;
  ClipWriter& operator=(const ClipWriter&) = delete;
  ~ClipWriter() { avformat_free_context(muxer_); }

  std::string Write() {
    for (int number = 0; number < spec_.frames; ++number) {
      const UniqueFrame frame = DrawFrame(spec_, spec_.first_number + number);
      frame->pts = TicksOf(spec_, number);
      frame->sample_aspect_ratio = spec_.sample_aspect;
      Encode(frame.get());
    }
    Encode(nullptr);
    EXPECT_GE(av_write_trailer(muxer_), 0);
    EXPECT_EQ(avio_closep(&muxer_->pb), 0);
    return sightline::testing::ReadTestFile(path());
  }

 private:
  void Turn(double clockwise_degrees) {
    uint8_t* matrix = av_stream_new_side_data(stream_, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t));
    av_display_rotation_set(reinterpret_cast<int32_t*>(matrix), clockwise_degrees);
  }

  void AddCover() {
    const std::string jpeg =
        EncodeStill(AV_CODEC_ID_MJPEG, AV_PIX_FMT_YUVJ444P, 320, 320, std::vector<uint8_t>(102400));
    AVStream* stream = avformat_new_stream(muxer_, nullptr);
    stream->disposition = AV_DISPOSITION_ATTACHED_PIC;
    stream->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    stream->codecpar->codec_id = AV_CODEC_ID_MJPEG;
    stream->codecpar->width = stream->codecpar->height = 320;
    cover_.reset(av_packet_alloc());
    EXPECT_EQ(av_new_packet(cover_.get(), static_cast<int>(jpeg.size())), 0);
    std::memcpy(cover_->data, jpeg.data(), jpeg.size());
    cover_->flags |= AV_PKT_FLAG_KEY;
    cover_->pts = cover_->dts = 0;
  }

  void Encode(const AVFrame* frame) {
    const UniquePacket packet(av_packet_alloc());
    EXPECT_EQ(avcodec_send_frame(encoder_.get(), frame), 0);
    while (avcodec_receive_packet(encoder_.get(), packet.get()) == 0) {
      packet->duration = 1;  // without it the last frame is lost in MP4
      av_packet_rescale_ts(packet.get(), encoder_->time_base, stream_->time_base);
      packet->stream_index = stream_->index;
      EXPECT_EQ(av_interleaved_write_frame(muxer_, packet.get()), 0);
    }
  }

  std::filesystem::path path() const { return folder_ / "clip"; }

  const ClipSpec& spec_;
  const sightline::testing::TempDir folder_;  // some muxers write a broken file into memory
  AVFormatContext* muxer_ = nullptr;
  AVStream* stream_ = nullptr;
  UniquePacket cover_;
  UniqueCodecContext encoder_;
};

}  // namespace

bool HasEncoder(const std::string& codec) { return avcodec_find_encoder_by_name(codec.c_str()) != nullptr; }

std::string MakeClip(const ClipSpec& spec) { return ClipWriter(spec).Write(); }

std::string MakeAudioFile(const std::string& codec, const std::string& container) {
  SilenceFfmpeg();
  const sightline::testing::TempDir folder;
  const std::filesystem::path path = folder / "audio";
  AVFormatContext* muxer = nullptr;
  EXPECT_GE(avformat_alloc_output_context2(&muxer, nullptr, container.c_str(), nullptr), 0);
  EXPECT_EQ(avio_open(&muxer->pb, path.c_str(), AVIO_FLAG_WRITE), 0);
  const UniqueCodecContext encoder(avcodec_alloc_context3(avcodec_find_encoder_by_name(codec.c_str())));
  encoder->sample_rate = 48000;
  encoder->sample_fmt = AV_SAMPLE_FMT_S16;
  encoder->ch_layout = AV_CHANNEL_LAYOUT_MONO;
  encoder->time_base = {1, 48000};
  EXPECT_EQ(avcodec_open2(encoder.get(), nullptr, nullptr), 0) << codec;
  AVStream* stream = avformat_new_stream(muxer, nullptr);
  EXPECT_GE(avcodec_parameters_from_context(stream->codecpar, encoder.get()), 0);
  EXPECT_GE(avformat_write_header(muxer, nullptr), 0);
  const UniquePacket packet(av_packet_alloc());
  for (int64_t at = 0; at < 24000; at += 1152) {
    const UniqueFrame frame(av_frame_alloc());
    frame->nb_samples = 1152;
    frame->format = encoder->sample_fmt;
    frame->ch_layout = encoder->ch_layout;
    frame->pts = at;
    EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
    std::memset(frame->data[0], 0, static_cast<size_t>(frame->nb_samples) * 2);
    EXPECT_EQ(avcodec_send_frame(encoder.get(), frame.get()), 0);
    while (avcodec_receive_packet(encoder.get(), packet.get()) == 0) {
      av_packet_rescale_ts(packet.get(), encoder->time_base, stream->time_base);
      EXPECT_EQ(av_interleaved_write_frame(muxer, packet.get()), 0);
    }
  }
  EXPECT_GE(av_write_trailer(muxer), 0);
  EXPECT_EQ(avio_closep(&muxer->pb), 0);
  avformat_free_context(muxer);
  return sightline::testing::ReadTestFile(path);
}

std::vector<int64_t> FrameTimes(const ClipSpec& spec) {
  std::vector<int64_t> times;
  for (int number = 0; number < spec.frames; ++number) {
    const int64_t ticks = TicksOf(spec, number) - TicksOf(spec, 0);
    times.push_back(av_rescale_q(ticks, spec.time_base, {1, 1'000'000}));
  }
  return times;
}

int ReadNumber(const ImageRgb8& picture) {
  int number = 0;
  for (int cell = 0; cell < kColumns * kRows; ++cell) {
    const int x = (2 * (cell % kColumns) + 1) * picture.width / (2 * kColumns);
    const int y = (2 * (cell / kColumns) + 1) * picture.height / (2 * kRows);
    const uint8_t* pixel =
        &picture.pixels[(static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x)) * 3];
    for (int channel = 0; channel < 3; ++channel) {
      if (pixel[channel] > 60 && pixel[channel] < 195) return -1;
    }
    if (pixel[1] > 128) number |= 1 << cell;
  }
  return number;
}

}  // namespace sightline::media::testing
