// SPDX-License-Identifier: BSD-3-Clause
#include "media/scene_cuts.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace sightline::media {
namespace {

// Note [Scene cuts]
//
// A cut is a pair of neighbouring samples whose histograms differ by at least kThreshold, and
// - much more than neighbours usually do in this video: a shaking camera or a crowd changes all the time without a cut;
// - more than the pairs before and after it: of a dissolve that takes several samples one place is the cut;
// - and neither undone by the next sample nor itself undoing the last one: a flash or a broken frame is no scene.
// The cut's time is that of the later sample. The true cut lies up to one step earlier, so that a clip may end with a
// moment of the next scene. Its sampled frames stay clean: they are the first of each third (or whatever the number of
// frames is) of the clip.

constexpr int kBlurRadius = 2;          // bins; of 4 levels each
constexpr double kTimesUsual = 3;       // a cut changes so many times as much as is usual
constexpr double kReturnShare = 0.5;    // a picture that differs by less than this share of the change is back again
constexpr double kUsualWeight = 0.125;  // of the latest change in the running mean

using Shares = std::array<double, kLumaBins>;

// Shares of the bins, each the mean of its neighbourhood. False for a frame without pixels.
bool BlurredShares(const LumaHistogram& histogram, Shares& shares) {
  const double total = std::accumulate(histogram.begin(), histogram.end(), 0.0);
  if (total <= 0) return false;
  constexpr auto kBins = static_cast<int>(kLumaBins);
  for (int bin = 0; bin < kBins; ++bin) {
    double sum = 0;
    for (int i = bin - kBlurRadius; i <= bin + kBlurRadius; ++i) {
      const int mirrored = i < 0 ? -1 - i : i >= kBins ? 2 * kBins - 1 - i : i;  // so that the shares add up to 1
      sum += histogram[static_cast<size_t>(mirrored)];
    }
    shares[static_cast<size_t>(bin)] = sum / (total * (2 * kBlurRadius + 1));
  }
  return true;
}

}  // namespace

double HistogramDifference(const LumaHistogram& a, const LumaHistogram& b) {
  Shares shares_a;
  Shares shares_b;
  if (!BlurredShares(a, shares_a) || !BlurredShares(b, shares_b)) return 0;
  double sum = 0;
  for (size_t i = 0; i < kLumaBins; ++i) sum += std::abs(shares_a[i] - shares_b[i]);
  return std::min(1.0, sum / 2);
}

void SceneCutFinder::Add(int64_t time_us, const LumaHistogram& histogram) {
  if (count_ > 0 && time_us <= window_.back().time_us) return;
  const double change = count_ > 0 ? HistogramDifference(window_.back().histogram, histogram) : 0;
  std::rotate(window_.begin(), window_.begin() + 1, window_.end());
  window_.back() = {time_us, histogram, change};
  count_ = std::min(count_ + 1, window_.size());
  if (count_ < 3) return;
  const Sample* const previous = count_ > 3 ? &window_[0] : nullptr;
  Judge(previous, window_[1], window_[2], &window_[3]);
}

void SceneCutFinder::Judge(const Sample* previous, const Sample& before, const Sample& here, const Sample* next) {
  if (IsCut(previous, before, here, next)) {
    cuts_.push_back(here.time_us);
  } else {
    usual_change_ += kUsualWeight * (std::min(here.change, kThreshold) - usual_change_);
  }
}

bool SceneCutFinder::IsCut(const Sample* previous, const Sample& before, const Sample& here, const Sample* next) const {
  if (here.change < std::max(kThreshold, kTimesUsual * usual_change_)) return false;
  if (here.change < before.change) return false;
  const double returns = kReturnShare * here.change;
  if (previous != nullptr && HistogramDifference(previous->histogram, here.histogram) < returns) return false;
  if (next == nullptr) return true;
  return here.change >= next->change && HistogramDifference(before.histogram, next->histogram) >= returns;
}

std::vector<int64_t> SceneCutFinder::Take() {
  if (count_ > 1) Judge(count_ > 2 ? &window_[1] : nullptr, window_[2], window_[3], nullptr);
  count_ = 0;
  usual_change_ = 0;
  return std::exchange(cuts_, {});
}

}  // namespace sightline::media
