// SPDX-License-Identifier: BSD-3-Clause
#include "media/icc_internal.h"

#include <algorithm>
#include <memory>

#include <lcms2.h>

namespace sightline::media {
namespace {

struct ProfileDeleter {
  void operator()(void* profile) const { cmsCloseProfile(profile); }
};
struct TransformDeleter {
  void operator()(void* transform) const { cmsDeleteTransform(transform); }
};
using UniqueProfile = std::unique_ptr<void, ProfileDeleter>;
using UniqueTransform = std::unique_ptr<void, TransformDeleter>;

}  // namespace

Status ConvertToSrgb(ByteSpan icc_profile, const Limits& limits, ImageRgb8& image) {
  const UniqueProfile source(
      cmsOpenProfileFromMem(icc_profile.data(), static_cast<cmsUInt32Number>(icc_profile.size())));
  if (!source || cmsGetColorSpace(source.get()) != cmsSigRgbData) return {};
  const UniqueProfile target(cmsCreate_sRGBProfile());
  const UniqueTransform transform(
      cmsCreateTransform(source.get(), TYPE_RGB_8, target.get(), TYPE_RGB_8, INTENT_PERCEPTUAL, cmsFLAGS_NOCACHE));
  if (!transform) return {};
  const size_t row_bytes = static_cast<size_t>(image.width) * 3;
  constexpr int kRowsBetweenChecks = 64;
  for (int y = 0; y < image.height; y += kRowsBetweenChecks) {
    SL_RETURN_IF_ERROR(limits.Check("convert colors"));
    const int rows = std::min(kRowsBetweenChecks, image.height - y);
    uint8_t* start = image.pixels.data() + static_cast<size_t>(y) * row_bytes;
    cmsDoTransform(transform.get(), start, start, static_cast<cmsUInt32Number>(image.width * rows));
  }
  return {};
}

}  // namespace sightline::media
