// SPDX-License-Identifier: BSD-3-Clause
#include "http/picture_input.h"

#include <cstring>
#include <utility>
#include <vector>

#include "encoder/preprocess.h"
#include "http/base64.h"
#include "media/image.h"

namespace sightline::http {
namespace {

constexpr std::string_view kDataScheme = "data:";
constexpr std::string_view kBase64Mark = ";base64";

tl::unexpected<Problem> Refuse(const std::string& field, std::string message) {
  return tl::make_unexpected(Problem(ErrorCode::kInvalidArgument, std::move(message), field));
}

tl::unexpected<Problem> NotAPicture(const std::string& field, std::string message) {
  Problem problem(422, "not_a_picture", std::move(message));
  problem.field = field;
  return tl::make_unexpected(std::move(problem));
}

tl::unexpected<Problem> WithField(Error error, const std::string& field) {
  Problem problem(std::move(error));
  problem.field = field;
  return tl::make_unexpected(std::move(problem));
}

bool IsOfTheRequest(ErrorCode code) { return code == ErrorCode::kDeadlineExceeded || code == ErrorCode::kCancelled; }

bool IsWebAddress(std::string_view text) {
  const std::string_view scheme = text.substr(0, text.find("://"));
  return scheme.size() < text.size() && (EqualIgnoringCase(scheme, "http") || EqualIgnoringCase(scheme, "https"));
}

}  // namespace

ProblemOr<ImageRgb8> DecodePicture(std::string_view bytes, const Limits& limits, const std::string& field) {
  std::vector<std::byte> copy(bytes.size());
  std::memcpy(copy.data(), bytes.data(), bytes.size());
  const media::Source source = media::Source::FromMemory(std::move(copy), "the picture");
  auto picture = media::DecodeImage(source, {.max_pixels = kMaxRequestPixels, .limits = limits});
  if (picture) return *std::move(picture);
  if (IsOfTheRequest(picture.error().code)) return WithField(picture.error(), field);
  return NotAPicture(field, picture.error().message);
}

ProblemOr<std::string> DecodePictureText(std::string_view text, const std::string& field) {
  if (EqualIgnoringCase(text.substr(0, kDataScheme.size()), kDataScheme)) {
    const size_t comma = text.find(',');
    if (comma == std::string_view::npos || !text.substr(0, comma).ends_with(kBase64Mark)) {
      return Refuse(field, "a data address needs to be in base64: data:image/jpeg;base64,...");
    }
    text.remove_prefix(comma + 1);
  }
  auto bytes = DecodeBase64(text);
  if (!bytes || bytes->empty()) return Refuse(field, "not a picture in base64");
  return *std::move(bytes);
}

ProblemOr<std::string> FetchPicture(std::string_view url, const ImageFetcher& fetcher, const Limits& limits,
                                    const std::string& field) {
  auto bytes = fetcher.Fetch(url, limits);
  if (bytes) return *std::move(bytes);
  if (bytes.error().code == ErrorCode::kResourceExhausted) return NotAPicture(field, bytes.error().message);
  return WithField(bytes.error(), field);
}

ProblemOr<ImageRgb8> ReadPicture(std::string_view text, const ImageFetcher& fetcher, const Limits& limits,
                                 const std::string& field) {
  SL_ASSIGN_OR_PROBLEM(const std::string bytes, IsWebAddress(text) ? FetchPicture(text, fetcher, limits, field)
                                                                   : DecodePictureText(text, field));
  return DecodePicture(bytes, limits, field);
}

ProblemOr<ImageRgb8> ReadModelPixels(std::string_view text, int image_res, const ImageFetcher& fetcher,
                                     const Limits& limits, const std::string& field) {
  SL_ASSIGN_OR_PROBLEM(const ImageRgb8 picture, ReadPicture(text, fetcher, limits, field));
  auto pixels = encoder::ResizeToModelPixels(picture, image_res);
  if (!pixels) return WithField(pixels.error(), field);
  return *std::move(pixels);
}

ProblemOr<void> KeepModelPixels(const encoder::Encoder* encoder, std::optional<ImageRgb8>& picture) {
  if (!picture) return {};
  const int image_res = encoder == nullptr ? 1 : encoder->info().config.vision.image_res;
  SL_ASSIGN_OR_RETURN(picture, encoder::ResizeToModelPixels(*picture, image_res));
  return {};
}

}  // namespace sightline::http
