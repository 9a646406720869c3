// SPDX-License-Identifier: BSD-3-Clause
#include "eval/frame_list.h"

#include <array>
#include <string>
#include <utility>

#include <boost/json.hpp>

#include "base/file_io.h"
#include "base/guard.h"
#include "media/clip_sampler.h"
#include "media/image.h"

namespace sightline::eval {
namespace {

constexpr uint64_t kMaxFileBytes = 1'000'000'000;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoDigit = 64;

constexpr std::array<uint8_t, 256> MakeDigits() {
  std::array<uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (size_t i = 0; i < kAlphabet.size(); ++i) digits[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  return digits;
}
constexpr std::array<uint8_t, 256> kDigits = MakeDigits();

tl::unexpected<Error> NotBase64(size_t offset) {
  return Fail(ErrorCode::kCorruption, "not base64 at byte " + std::to_string(offset));
}

Result<ImageRgb8> DecodeFrame(const boost::json::value& frame, const Limits& limits) {
  if (!frame.is_string()) return Fail(ErrorCode::kInvalidArgument, "not a string");
  SL_ASSIGN_OR_RETURN(std::vector<std::byte> bytes, DecodeBase64(frame.as_string()));
  media::DecodeOptions options;
  options.apply_exif_orientation = false;
  options.limits = limits;
  return media::DecodeImage(media::Source::FromMemory(std::move(bytes), "the picture"), options);
}

Result<std::vector<ImageRgb8>> DecodeFrames(const boost::json::array& stored, int wanted, const Limits& limits) {
  std::vector<ImageRgb8> frames;
  for (const int64_t number : media::SampleFrames(static_cast<int64_t>(stored.size()), wanted)) {
    auto frame = DecodeFrame(stored[static_cast<size_t>(number)], limits);
    if (!frame) return Annotate(std::move(frame).error(), "frame " + std::to_string(number));
    frames.push_back(*std::move(frame));
  }
  return frames;
}

}  // namespace

bool IsFrameList(const std::filesystem::path& path) { return path.extension() == ".json"; }

Result<std::vector<ImageRgb8>> ReadFrameList(const std::filesystem::path& path, int wanted, const Limits& limits) {
  SL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFileBytes));
  return Guard("read a frame list", [&]() -> Result<std::vector<ImageRgb8>> {
    boost::json::error_code error;
    const boost::json::value root = boost::json::parse(text, error);
    if (error) return Fail(ErrorCode::kCorruption, "not JSON: " + error.message());
    const boost::json::array* stored = root.if_array();
    if (stored == nullptr || stored->empty()) {
      return Fail(ErrorCode::kInvalidArgument, "not a list of frames, or an empty one");
    }
    return DecodeFrames(*stored, wanted, limits);
  });
}

Result<std::vector<std::byte>> DecodeBase64(std::string_view text) {
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  size_t digits = 0;
  size_t padding = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' || text[i] == '\r') continue;
    const uint8_t digit = kDigits[static_cast<uint8_t>(text[i])];
    const bool is_padding = text[i] == '=' && digits % 4 >= 2;
    if (is_padding ? ++padding > 2 : (digit == kNoDigit || padding > 0)) return NotBase64(i);
    bits = bits << 6 | (is_padding ? 0U : digit);
    if (++digits % 4 != 0) continue;
    for (const int shift : {16, 8, 0}) bytes.push_back(static_cast<std::byte>(bits >> shift & 0xFFU));
  }
  if (digits % 4 != 0) return NotBase64(text.size());
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace sightline::eval
