// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/preprocess.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "base/guard.h"

namespace sightline::encoder {
namespace {

// Note [Exact resize]
// This is Pillow's 8-bit resize: weights are computed in double, rounded to 22 fractional bits, and everything after
// that is integer arithmetic. The build compiles this file with -ffp-contract=off, because a fused multiply-add would
// round the weights differently. A sum stays below 2^31: the absolute weights of the cubic sum to less than 1.5.

constexpr int kFractionBits = 22;
constexpr double kSupport = 2.0;
constexpr int kMaxSide = 1 << 16;  ///< Of the result; far above any model, and its square still fits size_t.
constexpr int kChannels = 3;

/// Keys cubic, a = -0.5.
double Cubic(double x) {
  x = std::fabs(x);
  if (x < 1.0) return ((1.5 * x - 2.5) * x) * x + 1;
  if (x < 2.0) return -0.5 * (((x - 5) * x + 8) * x - 4);
  return 0.0;
}

/// The input positions and weights behind one output position.
struct Taps {
  int first = 0;
  int count = 0;
  size_t weights_at = 0;  ///< Index of the first of `count` weights.
};

/// All of one axis.
struct AxisFilter {
  std::vector<Taps> taps;  ///< One per output position.
  std::vector<int32_t> weights;
};

AxisFilter MakeAxisFilter(int in_size, int out_size) {
  const double scale = static_cast<double>(in_size) / out_size;
  const double filter_scale = std::max(scale, 1.0);
  const double support = kSupport * filter_scale;
  const double inverse_scale = 1.0 / filter_scale;
  AxisFilter axis;
  axis.taps.reserve(static_cast<size_t>(out_size));
  std::vector<double> exact;
  for (int out = 0; out < out_size; ++out) {
    const double center = (out + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int count = std::min(static_cast<int>(center + support + 0.5), in_size) - first;
    exact.resize(static_cast<size_t>(count));
    double sum = 0;
    for (int k = 0; k < count; ++k) {
      exact[static_cast<size_t>(k)] = Cubic((k + first - center + 0.5) * inverse_scale);
      sum += exact[static_cast<size_t>(k)];
    }
    axis.taps.push_back({first, count, axis.weights.size()});
    for (const double weight : exact) {
      const double scaled = (sum != 0.0 ? weight / sum : weight) * (1 << kFractionBits);
      axis.weights.push_back(static_cast<int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5));
    }
  }
  return axis;
}

uint8_t ToPixel(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, std::numeric_limits<uint8_t>::max() + 0));
}

/// Rows are resized eight at a time, turned so that the eight values of one column and channel are neighbours: the
/// inner loop then multiplies whole vectors by one weight. Vector types of GCC and Clang, on any processor.
constexpr size_t kRows = 8;
using Column [[gnu::vector_size(kRows * sizeof(int32_t))]] = int32_t;

/// Bytes as an 8 x 8 matrix, one row per number: exchanges rows and columns.
void Transpose(std::array<uint64_t, kRows>& rows) {
  const auto exchange = [&](size_t distance, int shift, uint64_t mask) {
    for (size_t i = 0; i < kRows; ++i) {
      if ((i & distance) != 0) continue;
      const uint64_t difference = ((rows[i] >> shift) ^ rows[i + distance]) & mask;
      rows[i + distance] ^= difference;
      rows[i] ^= difference << shift;
    }
  };
  exchange(4, 32, 0x00000000FFFFFFFF);
  exchange(2, 16, 0x0000FFFF0000FFFF);
  exchange(1, 8, 0x00FF00FF00FF00FF);
}

/// turned[x * 3 + channel][row] = rows[row][x * 3 + channel], for up to eight rows.
void TurnRows(const uint8_t* rows, size_t row_bytes, size_t row_count, Column* turned) {
  size_t at = 0;
  if (row_count == kRows) {
    std::array<uint64_t, kRows> block;
    std::array<uint8_t, sizeof block> bytes;
    for (; at + kRows <= row_bytes; at += kRows) {
      for (size_t row = 0; row < kRows; ++row) std::memcpy(&block[row], rows + row * row_bytes + at, kRows);
      Transpose(block);
      std::memcpy(bytes.data(), block.data(), sizeof block);
      std::array<int32_t, sizeof block> wide;
      for (size_t i = 0; i < wide.size(); ++i) wide[i] = bytes[i];
      std::memcpy(turned + at, wide.data(), sizeof wide);
    }
  }
  for (; at < row_bytes; ++at) {
    for (size_t row = 0; row < row_count; ++row) turned[at][row] = rows[row * row_bytes + at];
  }
}

/// One output column of eight rows, by channel.
std::array<Column, kChannels> WeighColumns(const Column* turned, const int32_t* weights, int count) {
  Column red = Column{} + (1 << (kFractionBits - 1));
  Column green = red;
  Column blue = red;
  for (int k = 0; k < count; ++k, turned += kChannels) {
    red += turned[0] * weights[k];
    green += turned[1] * weights[k];
    blue += turned[2] * weights[k];
  }
  return {red, green, blue};
}

ImageRgb8 ResizeWidth(const ImageRgb8& picture, int width) {
  const AxisFilter axis = MakeAxisFilter(picture.width, width);
  const size_t in_row_bytes = static_cast<size_t>(picture.width) * kChannels;
  const size_t out_row_bytes = static_cast<size_t>(width) * kChannels;
  const auto height = static_cast<size_t>(picture.height);
  ImageRgb8 resized{width, picture.height, {}};
  resized.pixels.resize(out_row_bytes * height);
  std::vector<Column> turned(in_row_bytes);
  for (size_t y = 0; y < height; y += kRows) {
    const size_t row_count = std::min(kRows, height - y);
    TurnRows(picture.pixels.data() + y * in_row_bytes, in_row_bytes, row_count, turned.data());
    uint8_t* out = resized.pixels.data() + y * out_row_bytes;
    for (const Taps& taps : axis.taps) {
      const Column* columns = turned.data() + static_cast<size_t>(taps.first) * kChannels;
      const auto sums = WeighColumns(columns, axis.weights.data() + taps.weights_at, taps.count);
      for (size_t row = 0; row < row_count; ++row) {
        for (size_t channel = 0; channel < kChannels; ++channel) {
          out[row * out_row_bytes + channel] = ToPixel(sums[channel][row]);
        }
      }
      out += kChannels;
    }
  }
  return resized;
}

ImageRgb8 ResizeHeight(const ImageRgb8& picture, int height) {
  const AxisFilter axis = MakeAxisFilter(picture.height, height);
  const size_t row_bytes = static_cast<size_t>(picture.width) * kChannels;
  ImageRgb8 resized{picture.width, height, {}};
  resized.pixels.resize(row_bytes * static_cast<size_t>(height));
  std::vector<int32_t> sums(row_bytes);
  uint8_t* out = resized.pixels.data();
  for (const Taps& taps : axis.taps) {
    std::fill(sums.begin(), sums.end(), 1 << (kFractionBits - 1));
    const uint8_t* row = picture.pixels.data() + static_cast<size_t>(taps.first) * row_bytes;
    for (int k = 0; k < taps.count; ++k, row += row_bytes) {
      const int32_t weight = axis.weights[taps.weights_at + static_cast<size_t>(k)];
      for (size_t i = 0; i < row_bytes; ++i) sums[i] += weight * row[i];
    }
    for (size_t i = 0; i < row_bytes; ++i) out[i] = ToPixel(sums[i]);
    out += row_bytes;
  }
  return resized;
}

}  // namespace

Result<ImageRgb8> ResizeBicubic(const ImageRgb8& picture, int width, int height) {
  if (picture.width <= 0 || picture.height <= 0 ||
      picture.pixels.size() != static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height) * kChannels) {
    return Fail(ErrorCode::kInvalidArgument, "a picture of " + std::to_string(picture.width) + " x " +
                                                 std::to_string(picture.height) + " with " +
                                                 std::to_string(picture.pixels.size()) + " bytes of pixels");
  }
  if (width <= 0 || height <= 0 || width > kMaxSide || height > kMaxSide) {
    return Fail(ErrorCode::kInvalidArgument,
                "cannot resize to " + std::to_string(width) + " x " + std::to_string(height) + " pixels");
  }
  return Guard("resize a picture", [&]() -> Result<ImageRgb8> {
    if (width == picture.width && height == picture.height) return picture;
    if (width == picture.width) return ResizeHeight(picture, height);
    ImageRgb8 narrowed = ResizeWidth(picture, width);
    if (height == picture.height) return narrowed;
    return ResizeHeight(narrowed, height);
  });
}

Result<ImageRgb8> ResizeToModelPixels(const ImageRgb8& picture, int res) { return ResizeBicubic(picture, res, res); }

}  // namespace sightline::encoder
