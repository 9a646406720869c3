// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index_policy.h"

#include <algorithm>
#include <map>

namespace sightline::storage {
namespace {

// Note [Sizes of segments]
// A search visits every segment, so there should be few; a merge reads and builds everything again, so each row should
// take part in few merges. Segments are put into tiers by their living rows, each four times the one before, starting
// at what a seal makes. Four segments of one tier become one, of the next tier: a collection of n seals has at most
// three segments per tier and about log4(n) tiers, and a row is built about as often. A segment of which more than a
// fifth is dead is made anew by itself, so dead rows never take more than a quarter of the memory of the living ones
// for long.
constexpr uint64_t kDefaultSealRows = 50'000;
constexpr size_t kTierRatio = 4;
constexpr size_t kMergeAtOnce = 4;
constexpr double kDeadShare = 0.2;
// A change log longer than so many seals makes opening slow: then fewer fresh rows are sealed as well.
constexpr uint64_t kSealsInLog = 4;
// Below this, lists and their training cost more than they save.
constexpr uint64_t kFlatRows = 10'000;

size_t TierOf(uint64_t rows, uint64_t seal_rows) {
  size_t tier = 0;
  for (uint64_t bound = seal_rows * kTierRatio; rows >= bound; bound *= kTierRatio) ++tier;
  return tier;
}

bool HasManyDead(const SegmentSlot& slot) {
  return static_cast<double>(slot.dead.count()) > kDeadShare * static_cast<double>(slot.segment->rows());
}

}  // namespace

uint64_t SealRows(const IndexOptions& options) { return options.seal_rows != 0 ? options.seal_rows : kDefaultSealRows; }

bool MaySeal(const IndexState& state) {
  return state.options.kind != IndexKind::kAuto || state.live_rows() > state.options.exact_limit;
}

std::optional<IndexTask> NextTask(const IndexState& state, uint64_t changes) {
  const uint64_t seal_rows = SealRows(state.options);
  const bool is_log_long = !state.slots.empty() && changes > kSealsInLog * seal_rows;
  if (state.frozen != nullptr || is_log_long || (MaySeal(state) && state.fresh->live_rows >= seal_rows)) {
    return IndexTask{.seal = true, .numbers = {}};
  }
  std::map<size_t, std::vector<uint64_t>> tiers;
  for (const auto& slot : state.slots) {
    if (HasManyDead(*slot)) return IndexTask{.seal = false, .numbers = {slot->number}};
    tiers[TierOf(slot->live_rows(), seal_rows)].push_back(slot->number);
  }
  for (const auto& [tier, numbers] : tiers) {
    if (numbers.size() >= kMergeAtOnce) return IndexTask{.seal = false, .numbers = numbers};
  }
  return std::nullopt;
}

IndexOptions OptionsForSegment(const IndexOptions& options, uint64_t rows) {
  IndexOptions chosen = options;
  if (options.kind == IndexKind::kAuto) {
    chosen.kind = rows < kFlatRows ? IndexKind::kFlat : IndexKind::kIvfPqFastScan;
  }
  // A fifth more memory for 2 points of recall at half the probes (docs/PERFORMANCE.md).
  if (chosen.kind == IndexKind::kIvfPqFastScan) chosen.two_lists = true;
  return chosen;
}

}  // namespace sightline::storage
