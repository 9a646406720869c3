// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "base/result.h"
#include "base/types.h"
#include "media/ffmpeg_handles_internal.h"

namespace sightline::media {

/// A decoded still as 8-bit RGB with Pillow's meaning (x2vlm-spec sections 8.1 and 17.2): alpha dropped, not blended;
/// palette expanded; 16-bit gray clipped at 255; of other 16-bit values the high byte. Formats that no RGB or gray
/// value maps to directly (YCbCr, floats) go through swscale.
/// Errors: kUnsupported (a pixel format that swscale cannot read), kResourceExhausted.
Result<ImageRgb8> FrameToRgb(const AVFrame& frame);

}  // namespace sightline::media
