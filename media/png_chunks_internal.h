// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "base/result.h"
#include "media/byte_reader_internal.h"

namespace sightline::media {

struct PngContent {
  /// A PNG of the picture alone: header, palette, pixels, end, and the color profile when it was asked for.
  std::vector<std::byte> picture;
  int exif_orientation = 1;
  bool has_icc_profile = false;
};

/// Takes a PNG apart by its chunks. Left out is what must not reach the decoder: transparency, which would change how
/// pixels are given out; animation, whose default picture is wanted; compressed texts and oversized color profiles,
/// which could expand without bound. A file that is cut off inside its pixels is closed after what is there.
/// Errors: kCorruption (it does not start with a header chunk, it has no pixels).
Result<PngContent> ReadPngChunks(ByteSpan png, bool keep_icc_profile);

/// The content of the first EXIF chunk; empty when there is none. Points into `png`.
ByteSpan FindPngExif(ByteSpan png);

}  // namespace sightline::media
