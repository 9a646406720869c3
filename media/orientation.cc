// SPDX-License-Identifier: BSD-3-Clause
#include "media/orientation_internal.h"

#include <cstddef>
#include <cstdint>

#include "media/image_format_internal.h"

namespace sightline::media {

ImageRgb8 ApplyOrientation(ImageRgb8 stored, int orientation) {
  if (orientation <= 1 || orientation > 8) return stored;
  // EXIF says where row 0 and column 0 of the stored picture are seen. 5 to 8 exchange rows and columns; then either
  // direction may be reversed.
  const bool swapped = orientation >= 5;
  const bool rows_reversed = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  const bool columns_reversed = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  ImageRgb8 seen = swapped ? MakeImage(stored.height, stored.width) : MakeImage(stored.width, stored.height);

  // Steps, in bytes of the stored picture, for one column and one row of the seen one.
  const ptrdiff_t pixel = 3;
  const ptrdiff_t line = pixel * stored.width;
  const ptrdiff_t column_step = (swapped ? line : pixel) * (columns_reversed ? -1 : 1);
  const ptrdiff_t row_step = (swapped ? pixel : line) * (rows_reversed ? -1 : 1);
  ptrdiff_t start = 0;
  if (columns_reversed) start -= column_step * (seen.width - 1);
  if (rows_reversed) start -= row_step * (seen.height - 1);

  uint8_t* out = seen.pixels.data();
  for (int y = 0; y < seen.height; ++y) {
    ptrdiff_t at = start + y * row_step;
    for (int x = 0; x < seen.width; ++x, at += column_step, out += pixel) {
      const uint8_t* source = stored.pixels.data() + at;
      out[0] = source[0];
      out[1] = source[1];
      out[2] = source[2];
    }
  }
  return seen;
}

}  // namespace sightline::media
