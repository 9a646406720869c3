// SPDX-License-Identifier: BSD-3-Clause
#include "eval/metrics.h"

#include <algorithm>

namespace sightline::eval {
namespace {

double PercentBelow(std::span<const size_t> ranks, size_t limit) {
  if (ranks.empty()) return 0;
  const auto hits = std::count_if(ranks.begin(), ranks.end(), [limit](size_t rank) { return rank < limit; });
  return 100.0 * static_cast<double>(hits) / static_cast<double>(ranks.size());
}

double MeanReciprocalRank(std::span<const size_t> ranks) {
  if (ranks.empty()) return 0;
  double sum = 0;
  for (const size_t rank : ranks) sum += ReciprocalRank(rank);
  return sum / static_cast<double>(ranks.size());
}

std::optional<double> MedianRank(std::span<const size_t> ranks) {
  if (ranks.empty()) return std::nullopt;
  std::vector<size_t> sorted(ranks.begin(), ranks.end());
  std::sort(sorted.begin(), sorted.end());
  const size_t upper = sorted[sorted.size() / 2];
  const size_t lower = sorted[(sorted.size() - 1) / 2];
  if (upper == kNotRanked) return std::nullopt;
  return (static_cast<double>(lower) + static_cast<double>(upper)) / 2 + 1;
}

std::optional<double> MeanRank(std::span<const size_t> ranks) {
  if (ranks.empty() || std::find(ranks.begin(), ranks.end(), kNotRanked) != ranks.end()) return std::nullopt;
  double sum = 0;
  for (const size_t rank : ranks) sum += static_cast<double>(rank);
  return sum / static_cast<double>(ranks.size()) + 1;
}

Status CheckShapes(const ScoreMatrix& image_to_text, const ScoreMatrix& text_to_image, const GroundTruth& truth) {
  const size_t images = truth.img2txt.size();
  const size_t texts = truth.txt2img.size();
  bool fits = image_to_text.rows() == images && image_to_text.columns() == texts && text_to_image.rows() == texts &&
              text_to_image.columns() == images;
  for (const auto& captions : truth.img2txt) {
    fits = fits && std::all_of(captions.begin(), captions.end(), [texts](size_t text) { return text < texts; });
  }
  fits = fits && std::all_of(truth.txt2img.begin(), truth.txt2img.end(), [images](size_t i) { return i < images; });
  if (!fits) return Fail(ErrorCode::kInvalidArgument, "the score matrices do not fit the ground truth");
  return {};
}

}  // namespace

double ReciprocalRank(size_t rank) { return rank < kMrrDepth ? 1.0 / static_cast<double>(rank + 1) : 0; }

RankMetrics MetricsOf(std::span<const size_t> ranks) {
  return {.r1 = PercentBelow(ranks, 1),
          .r5 = PercentBelow(ranks, 5),
          .r10 = PercentBelow(ranks, 10),
          .mrr = MeanReciprocalRank(ranks),
          .median_rank = MedianRank(ranks),
          .mean_rank = MeanRank(ranks)};
}

size_t BestRank(std::span<const float> scores, std::span<const size_t> wanted) {
  size_t best = kNotRanked;
  for (const size_t index : wanted) {
    if (scores[index] == kUnscored) continue;
    size_t rank = 0;
    for (size_t other = 0; other < scores.size(); ++other) {
      const bool ahead = scores[other] > scores[index] || (scores[other] == scores[index] && other < index);
      rank += ahead ? 1 : 0;
    }
    best = std::min(best, rank);
  }
  return best;
}

Result<RetrievalMetrics> ComputeMetrics(const ScoreMatrix& image_to_text, const ScoreMatrix& text_to_image,
                                        const GroundTruth& truth) {
  SL_RETURN_IF_ERROR(CheckShapes(image_to_text, text_to_image, truth));
  std::vector<size_t> text_ranks;
  for (size_t i = 0; i < truth.img2txt.size(); ++i) {
    text_ranks.push_back(BestRank(image_to_text.row(i), truth.img2txt[i]));
  }
  std::vector<size_t> image_ranks;
  for (size_t t = 0; t < truth.txt2img.size(); ++t) {
    image_ranks.push_back(BestRank(text_to_image.row(t), std::span(&truth.txt2img[t], 1)));
  }
  return RetrievalMetrics{.txt = MetricsOf(text_ranks), .img = MetricsOf(image_ranks)};
}

}  // namespace sightline::eval
