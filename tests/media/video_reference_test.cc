// SPDX-License-Identifier: BSD-3-Clause
//
// MOV and MP4 files whose samples are said to lie in another file (QuickTime File Format, "Data Reference Atoms").
#include <netinet/in.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

extern "C" {
#include <libavformat/avformat.h>
}

#include "media/ffmpeg_handles_internal.h"
#include "media/video_reader.h"
#include "tests/media/test_clips.h"
#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

namespace fs = std::filesystem;
using ::sightline::testing::IsOk;
using ::sightline::testing::TempDir;
using ::sightline::testing::WriteTestFile;
using testing::BigEndian;
using testing::ClipSpec;
using ::testing::Contains;
using testing::MakeClip;
using testing::ReadNumber;

constexpr int kOwnNumber = 100;
constexpr int kOtherNumber = 2000;
constexpr int kFrames = 10;

/// Where the samples are said to be: an entry of the box `dref`, flags 0 for "not in this file".
std::string UrlEntry(const std::string& url) {
  return BigEndian(static_cast<uint32_t>(12 + url.size() + 1), 4) + "url " + BigEndian(0, 4) + url + '\0';
}

/// A Macintosh alias. `levels`: folders up from the file and down to the target; 0 for an absolute path.
std::string AliasEntry(const std::string& path, uint32_t levels) {
  std::string padded = path;
  if (padded.size() % 2 != 0) padded += '\0';
  std::string body(10 + 28 + 12 + 64 + 16, '\0');  // times, names of volume and file
  body += BigEndian(levels, 2) + BigEndian(levels, 2) + std::string(16, '\0');
  body += BigEndian(2, 2) + BigEndian(static_cast<uint32_t>(padded.size()), 2) + padded;  // the path
  body += BigEndian(0xFFFF, 2) + BigEndian(0, 2);
  return BigEndian(static_cast<uint32_t>(12 + body.size()), 4) + "alis" + BigEndian(0, 4) + body;
}

uint32_t NumberAt(std::string_view file, size_t at) {
  uint32_t number = 0;
  for (const char c : file.substr(at, 4)) number = number << 8 | static_cast<uint8_t>(c);
  return number;
}

/// `clip`, whose `moov` is its last box, with `entry` as its only data reference.
std::string WithReference(std::string clip, const std::string& entry) {
  const std::string in_this_file = BigEndian(12, 4) + "url " + BigEndian(1, 4);
  std::vector<size_t> boxes;
  size_t at = 0;
  for (const char* name : {"moov", "trak", "mdia", "minf", "dinf", "dref"}) {
    at = clip.find(name, at);
    EXPECT_NE(at, std::string::npos) << name;
    if (at == std::string::npos) return clip;
    boxes.push_back(at - 4);
  }
  EXPECT_EQ(boxes.front() + NumberAt(clip, boxes.front()), clip.size()) << "the offsets of the samples would change";
  const size_t old_entry = at + 12;
  EXPECT_EQ(clip.substr(old_entry, in_this_file.size()), in_this_file);
  const auto growth = static_cast<uint32_t>(entry.size() - in_this_file.size());
  for (const size_t box : boxes) clip.replace(box, 4, BigEndian(NumberAt(clip, box) + growth, 4));
  clip.replace(old_entry, in_this_file.size(), entry);
  return clip;
}

/// Notices when a file is opened, by anybody.
class OpenWatch {
 public:
  explicit OpenWatch(const fs::path& file) : watch_(inotify_init1(IN_NONBLOCK)) {
    EXPECT_GE(inotify_add_watch(watch_, file.c_str(), IN_OPEN), 0);
  }
  OpenWatch(const OpenWatch&) = delete;
  OpenWatch& operator=(const OpenWatch&) = delete;
  ~OpenWatch() { close(watch_); }

  /// Since the last call.
  bool WasOpened() {
    std::array<char, 4096> events;
    return read(watch_, events.data(), events.size()) > 0;
  }

 private:
  const int watch_;
};

/// A port of this machine that listens.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(socket_); }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/other.mov"; }
  bool WasCalled() const {
    pollfd entry{socket_, POLLIN, 0};
    return poll(&entry, 1, 0) > 0;
  }

 private:
  const int socket_;
  int port_ = 0;
};

/// What a reader finds that follows references to files.
struct Followed {
  std::vector<std::string> asked;  ///< Besides the file itself.
  std::string first_sample;
};

Followed Follow(const fs::path& file) {
  Followed followed;
  SilenceFfmpeg();
  AVFormatContext* format = avformat_alloc_context();
  format->opaque = &followed;
  format->io_open = [](AVFormatContext* self, AVIOContext** io, const char* url, int flags, AVDictionary** options) {
    auto& asked = static_cast<Followed*>(self->opaque)->asked;
    if (self->pb != nullptr) asked.emplace_back(url);
    return std::string_view(url).starts_with("http:") ? AVERROR(EPERM) : avio_open2(io, url, flags, nullptr, options);
  };
  AVDictionary* options = nullptr;
  av_dict_set(&options, "enable_drefs", "1", 0);
  av_dict_set(&options, "use_absolute_path", "1", 0);
  EXPECT_EQ(avformat_open_input(&format, file.c_str(), nullptr, &options), 0);
  av_dict_free(&options);
  const UniquePacket packet(av_packet_alloc());
  if (av_read_frame(format, packet.get()) == 0) {
    followed.first_sample.assign(reinterpret_cast<const char*>(packet->data), static_cast<size_t>(packet->size));
  }
  avformat_close_input(&format);
  return followed;
}

class VideoReferenceTest : public ::testing::Test {
 protected:
  /// Two clips in `container` whose samples lie at the same places when their size is constant.
  void Write(const ClipSpec& spec) {
    ClipSpec numbered = spec;
    numbered.frames = kFrames;
    numbered.first_number = kOwnNumber;
    own_ = MakeClip(numbered);
    numbered.first_number = kOtherNumber;
    WriteTestFile(other_, MakeClip(numbered));
  }

  /// Frames of the clip's own or an error, and nobody is asked for anything. Whether there were frames.
  bool ExpectNotFollowed(const fs::path& file) {
    OpenWatch watch(other_);
    bool has_frames = false;
    const auto reader = VideoReader::Open(Source::FromFile(file), {});
    if (reader) {
      for (const FrameAccess access : {FrameAccess::kExact, FrameAccess::kKeyFrame}) {
        const auto frames = (*reader)->FramesAt(std::vector<int64_t>{0, 1'000'000}, access);
        if (!frames) continue;
        has_frames = true;
        for (const VideoFrame& frame : *frames) {
          EXPECT_GE(ReadNumber(frame.picture), kOwnNumber) << file;
          EXPECT_LT(ReadNumber(frame.picture), kOwnNumber + kFrames) << file;
        }
      }
    }
    EXPECT_FALSE(watch.WasOpened()) << file;
    EXPECT_FALSE(listener_.WasCalled()) << file;
    return has_frames;
  }

  const TempDir folder_;
  const fs::path other_ = folder_ / "other.mov";
  const fs::path file_ = folder_ / "file.mov";
  const Listener listener_;
  std::string own_;
};

const ClipSpec kConstantSize = {.codec = "v210", .container = "mov", .format = AV_PIX_FMT_YUV422P10};
const ClipSpec kMp4 = {.container = "mp4"};

TEST_F(VideoReferenceTest, AliasesOfFilesAreNotFollowed) {
  for (const ClipSpec& spec : {kConstantSize, kMp4}) {
    Write(spec);
    for (const uint32_t levels : {0, 1}) {
      WriteTestFile(file_, WithReference(own_, AliasEntry(other_.string(), levels)));
      EXPECT_THAT(Follow(file_).asked, Contains(other_.string())) << "the reference is one";
      ExpectNotFollowed(file_);
    }
  }
}

TEST_F(VideoReferenceTest, AliasesOfAddressesAreNotFollowed) {
  for (const ClipSpec& spec : {kConstantSize, kMp4}) {
    Write(spec);
    WriteTestFile(file_, WithReference(own_, AliasEntry(listener_.url(), 0)));
    // FFmpeg takes the colons of aliases for the slashes of the Macintosh.
    EXPECT_THAT(Follow(file_).asked, ::testing::SizeIs(1)) << "the reference is one";
    ExpectNotFollowed(file_);
  }
}

TEST_F(VideoReferenceTest, UrlsAreNotFollowed) {
  for (const ClipSpec& spec : {kConstantSize, kMp4}) {
    Write(spec);
    for (const std::string& url : {other_.string(), "file://" + other_.string(), listener_.url()}) {
      WriteTestFile(file_, WithReference(own_, UrlEntry(url)));
      EXPECT_TRUE(ExpectNotFollowed(file_)) << "FFmpeg looks at no such reference: the samples are those of the file";
    }
  }
}

// The tests above could not fail otherwise.
TEST_F(VideoReferenceTest, AReaderThatFollowsIsNoticed) {
  Write(kConstantSize);
  WriteTestFile(file_, own_);
  const std::string own_sample = Follow(file_).first_sample;
  const std::string other_sample = Follow(other_).first_sample;
  EXPECT_NE(own_sample, other_sample);
  WriteTestFile(file_, WithReference(own_, AliasEntry(other_.string(), 0)));
  OpenWatch watch(other_);
  EXPECT_EQ(Follow(file_).first_sample, other_sample);
  EXPECT_TRUE(watch.WasOpened());
  const auto reader = VideoReader::Open(Source::FromFile(other_), {});
  ASSERT_THAT(reader, IsOk());
  const auto frames = (*reader)->FramesAt(std::vector<int64_t>{0}, FrameAccess::kExact);
  ASSERT_THAT(frames, IsOk());
  EXPECT_EQ(ReadNumber((*frames)[0].picture), kOtherNumber);
}

}  // namespace
}  // namespace sightline::media
