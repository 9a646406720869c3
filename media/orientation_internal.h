// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "base/types.h"

namespace sightline::media {

/// Turns and mirrors a picture as its EXIF orientation (1 to 8) asks, so that it is seen upright.
ImageRgb8 ApplyOrientation(ImageRgb8 stored, int orientation);

}  // namespace sightline::media
