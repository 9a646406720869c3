// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "base/result.h"
#include "base/types.h"

namespace sightline::encoder {

/// Resizes a picture to `res` x `res` model pixels, aspect ratio not kept, with Pillow's 8-bit bicubic filter,
/// byte for byte (x2vlm-spec section 8.1): horizontal pass first, a pass is skipped when that size is unchanged.
/// Errors: kInvalidArgument (empty picture, pixels that do not fit the size, res <= 0).
/// Pure and thread-safe; CPU-bound, about 1 ms for a 500 x 375 picture.
Result<ImageRgb8> ResizeToModelPixels(const ImageRgb8& picture, int res);

/// As above with separate target sides.
Result<ImageRgb8> ResizeBicubic(const ImageRgb8& picture, int width, int height);

}  // namespace sightline::encoder
