// SPDX-License-Identifier: BSD-3-Clause
#include "query/moments.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace sightline::query {
namespace {

bool IsClip(const Candidate& candidate) { return candidate.type == UnitType::kClip && candidate.range.has_value(); }

bool AreNeighbours(const TimeRange& a, const TimeRange& b) {
  return b.start_us <= a.end_us + kNeighbourGapUs && a.start_us <= b.end_us + kNeighbourGapUs;
}

// Whether `other` fits nearly as well as `best`, which is at least as good.
bool FitsAlike(const Candidate& best, const Candidate& other) {
  if (best.match_probability.has_value() != other.match_probability.has_value()) return false;
  if (best.match_probability) {
    return *other.match_probability >= std::max(kJoinFloor, kJoinShare * *best.match_probability);
  }
  return best.coarse_score > 0 && other.coarse_score >= kJoinCoarseShare * best.coarse_score;
}

// Positions in `candidates` of the clips of each video, by start.
std::unordered_map<ItemId, std::vector<size_t>> ClipsByVideo(std::span<const Candidate> candidates) {
  std::unordered_map<ItemId, std::vector<size_t>> videos;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (IsClip(candidates[i])) videos[candidates[i].item].push_back(i);
  }
  for (auto& [item, clips] : videos) {
    std::sort(clips.begin(), clips.end(), [&](size_t a, size_t b) {
      return std::pair(candidates[a].range->start_us, a) < std::pair(candidates[b].range->start_us, b);
    });
  }
  return videos;
}

// One pass over the candidates, best first.
class Joiner {
 public:
  explicit Joiner(std::vector<Candidate> candidates)
      : candidates_(std::move(candidates)), videos_(ClipsByVideo(candidates_)), is_taken_(candidates_.size()) {}

  std::vector<Candidate> Run() && {
    std::vector<Candidate> moments;
    for (size_t i = 0; i < candidates_.size(); ++i) {
      if (is_taken_[i]) continue;
      is_taken_[i] = true;
      Candidate moment = candidates_[i];
      if (IsClip(moment)) Grow(i, moment);
      moments.push_back(std::move(moment));
    }
    return moments;
  }

 private:
  void Grow(size_t seed, Candidate& moment) {
    const std::vector<size_t>& clips = videos_.at(moment.item);
    const auto at = std::find(clips.begin(), clips.end(), seed);
    for (auto next = at + 1; next != clips.end() && Take(*next, seed, moment); ++next) continue;
    for (auto next = at; next != clips.begin() && Take(*(next - 1), seed, moment); --next) continue;
  }

  bool Take(size_t i, size_t seed, Candidate& moment) {
    const Candidate& clip = candidates_[i];
    if (is_taken_[i] || !AreNeighbours(*moment.range, *clip.range) || !FitsAlike(candidates_[seed], clip)) return false;
    is_taken_[i] = true;
    moment.range->start_us = std::min(moment.range->start_us, clip.range->start_us);
    moment.range->end_us = std::max(moment.range->end_us, clip.range->end_us);
    moment.clips += clip.clips;
    return true;
  }

  std::vector<Candidate> candidates_;
  std::unordered_map<ItemId, std::vector<size_t>> videos_;
  std::vector<bool> is_taken_;
};

// Runs of neighbours among clips of one video that are in order of start.
size_t CountRuns(std::span<const Candidate> candidates, const std::vector<size_t>& clips) {
  size_t runs = 0;
  TimeRange run;
  for (const size_t i : clips) {
    const TimeRange& range = *candidates[i].range;
    if (runs == 0 || !AreNeighbours(run, range)) {
      run = range;
      ++runs;
    } else {
      run.end_us = std::max(run.end_us, range.end_us);
    }
  }
  return runs;
}

}  // namespace

std::vector<Candidate> JoinNeighbours(std::vector<Candidate> candidates) { return Joiner(std::move(candidates)).Run(); }

std::vector<Candidate> GroupByVideo(std::vector<Candidate> candidates, size_t group_size) {
  std::vector<Candidate> groups;
  std::unordered_map<ItemId, size_t> group_of;
  for (Candidate& candidate : candidates) {
    if (candidate.type != UnitType::kClip) {
      groups.push_back(std::move(candidate));
      continue;
    }
    const auto [found, is_new] = group_of.try_emplace(candidate.item, groups.size());
    if (is_new) groups.push_back(candidate);
    std::vector<Moment>& moments = groups[found->second].moments;
    if (moments.size() < group_size) moments.push_back(candidate);
  }
  return groups;
}

size_t FewestHits(std::span<const Candidate> candidates, const SearchRequest& request) {
  const bool by_video = request.group_by == GroupBy::kVideo;
  if (!by_video && !request.join_clips) return candidates.size();
  const auto videos = ClipsByVideo(candidates);
  size_t hits = candidates.size();
  for (const auto& [item, clips] : videos) hits -= clips.size() - (by_video ? 1 : CountRuns(candidates, clips));
  return hits;
}

void ShapeHits(SearchState& state) {
  const SearchRequest& request = *state.request;
  std::vector<Candidate>& candidates = state.candidates;
  if (request.join_clips) candidates = JoinNeighbours(std::move(candidates));
  if (request.group_by == GroupBy::kVideo) candidates = GroupByVideo(std::move(candidates), request.group_size);
  if (candidates.size() > request.top_k) candidates.resize(request.top_k);
}

}  // namespace sightline::query
