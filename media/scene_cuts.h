// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "media/luma_histogram.h"

namespace sightline::media {

/// How much the brightness of two frames differs: 0 the same shares everywhere, 1 nothing in common. Bins are blurred
/// first, so that a slow change of exposure counts for little. A frame without pixels differs from nothing.
double HistogramDifference(const LumaHistogram& a, const LumaHistogram& b);

/// Finds scene cuts in a row of sampled frames, a few per second, as they come (Note [Scene cuts]). The same row gives
/// the same cuts. Thread-compatible.
class SceneCutFinder {
 public:
  /// A pair of neighbours that differs by less than this is never a cut.
  static constexpr double kThreshold = 0.3;

  /// The next sampled frame. Times ascend; a frame that does not come after its predecessor is passed over.
  void Add(int64_t time_us, const LumaHistogram& histogram);

  /// Times of the first sampled frames of new scenes, ascending. Call it after the last Add.
  std::vector<int64_t> Take();

 private:
  struct Sample {
    int64_t time_us = 0;
    LumaHistogram histogram{};
    double change = 0;  ///< Difference from the sample before.
  };

  // `previous` and `next` are null at the ends of the row.
  void Judge(const Sample* previous, const Sample& before, const Sample& here, const Sample* next);
  bool IsCut(const Sample* previous, const Sample& before, const Sample& here, const Sample* next) const;

  std::array<Sample, 4> window_;  ///< The latest samples, the newest last; the last `count_` are set.
  size_t count_ = 0;
  double usual_change_ = 0;  ///< A running mean of changes.
  std::vector<int64_t> cuts_;
};

}  // namespace sightline::media
