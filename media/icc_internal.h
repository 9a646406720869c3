// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "base/limits.h"
#include "base/result.h"
#include "base/types.h"
#include "media/byte_reader_internal.h"

namespace sightline::media {

/// Converts pixels from the color space of an ICC profile to sRGB, in place. A profile that is broken, or that is not
/// for RGB (the pixels are by now), leaves them as they are: viewers do the same.
/// Errors: kCancelled, kDeadlineExceeded.
Status ConvertToSrgb(ByteSpan icc_profile, const Limits& limits, ImageRgb8& image);

}  // namespace sightline::media
