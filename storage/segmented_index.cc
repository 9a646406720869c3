// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segmented_index.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/guard.h"
#include "storage/exact_view.h"
#include "storage/segmented_view.h"

namespace sightline::storage {
namespace {

/// The slot without those of the units that live in it, which are appended to `died`; the same slot if there are none.
std::shared_ptr<const SegmentSlot> Without(std::shared_ptr<const SegmentSlot> slot, std::span<const UnitId> units,
                                           std::vector<UnitId>& died) {
  std::vector<uint32_t> rows;
  size_t count = 0;
  for (UnitId unit : units) {
    const auto [first, last] = slot->segment->RowsOf(unit);
    if (first == last || slot->dead.Has(first)) continue;
    for (uint32_t row = first; row < last; ++row) rows.push_back(row);
    died.push_back(unit);
    ++count;
  }
  if (count == 0) return slot;
  auto changed = std::make_shared<SegmentSlot>(*slot);
  changed->dead.Add(rows);
  changed->dead_units += count;
  return changed;
}

bool IsAmong(const std::vector<uint64_t>& numbers, uint64_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

}  // namespace

SegmentedIndex::SegmentedIndex(size_t dim, std::shared_ptr<const RocksDbRecordStore> records,
                               const IndexOptions& options)
    : dim_(dim), records_(std::move(records)) {
  fresh_ = NewFresh(Epoch{});
  auto state = std::make_shared<IndexState>();
  state->options = options;
  state->fresh = std::make_shared<RowTable>(fresh_->table());
  state_ = std::move(state);
}

std::shared_ptr<FreshSegment> SegmentedIndex::NewFresh(Epoch epoch) const {
  auto fresh = std::make_shared<FreshSegment>(dim_, records_);
  // Cannot fail: it takes the epoch and nothing else.
  static_cast<void>(fresh->Apply({}, {}, epoch));
  return fresh;
}

std::shared_ptr<const IndexState> SegmentedIndex::state() const {
  const std::lock_guard lock(published_mutex_);
  return state_;
}

void SegmentedIndex::Publish(std::shared_ptr<const IndexState> next) {
  const std::lock_guard lock(published_mutex_);
  std::swap(state_, next);
}

std::shared_ptr<const IndexView> SegmentedIndex::View() const {
  std::unique_lock lock(published_mutex_);
  const auto state = state_;
  lock.unlock();
  if (state->slots.empty() && state->frozen == nullptr) {
    return std::make_shared<ExactView>(*state->fresh, state->epoch, records_, records_);
  }
  return std::make_shared<SegmentedView>(state, dim_, records_, gate_);
}

void SegmentedIndex::SetOptions(const IndexOptions& options) {
  const std::lock_guard writer(writer_mutex_);
  auto next = std::make_shared<IndexState>(*state());
  next->options = options;
  Publish(std::move(next));
}

Status SegmentedIndex::Apply(std::span<const UnitRecord> put, std::span<const UnitId> removed, Epoch epoch) {
  const std::lock_guard writer(writer_mutex_);
  // First: it refuses what nobody can take, and then nothing has changed.
  SL_RETURN_IF_ERROR(fresh_->Apply(put, removed, epoch));
  return Guard("add to the index", [&]() -> Status {
    auto next = std::make_shared<IndexState>(*state());
    next->epoch = epoch;
    next->fresh = std::make_shared<RowTable>(fresh_->table());
    std::vector<UnitId> units(removed.begin(), removed.end());
    for (const UnitRecord& unit : put) units.push_back(unit.id);
    std::sort(units.begin(), units.end());
    units.erase(std::unique(units.begin(), units.end()), units.end());
    Drop(*next, units, epoch);
    Publish(std::move(next));
    return {};
  });
}

/// Takes units, in order, out of everything but the fresh rows.
void SegmentedIndex::Drop(IndexState& state, std::span<const UnitId> units, Epoch epoch) {
  std::vector<UnitId> died;
  for (auto& slot : state.slots) slot = Without(std::move(slot), units, died);
  if (frozen_ != nullptr) {
    std::vector<UnitId> frozen;
    std::copy_if(units.begin(), units.end(), std::back_inserter(frozen),
                 [this](UnitId unit) { return frozen_->Has(unit); });
    if (!frozen.empty()) {
      // Can fail for want of memory only; then it is broken and the collection must be opened again.
      if (auto dropped = frozen_->Apply({}, frozen, epoch); !dropped) throw std::bad_alloc();
      state.frozen = std::make_shared<RowTable>(frozen_->table());
      died.insert(died.end(), frozen.begin(), frozen.end());
    }
  }
  if (replacing_) died_.insert(died_.end(), died.begin(), died.end());
}

std::shared_ptr<const IndexState> SegmentedIndex::Begin(bool freeze) {
  const std::lock_guard writer(writer_mutex_);
  replacing_ = true;
  died_.clear();
  const auto before = state();
  if (!freeze || frozen_ != nullptr) return before;
  auto next = std::make_shared<IndexState>(*before);
  auto fresh = NewFresh(before->epoch);
  next->frozen = before->fresh;
  next->frozen_at = before->epoch;
  next->fresh = std::make_shared<RowTable>(fresh->table());
  frozen_ = std::exchange(fresh_, std::move(fresh));
  Publish(next);
  return next;
}

void SegmentedIndex::Replace(const Replacement& replacement) {
  const std::lock_guard writer(writer_mutex_);
  auto next = std::make_shared<IndexState>(*state());
  std::erase_if(next->slots, [&](const auto& slot) { return IsAmong(replacement.numbers, slot->number); });
  if (replacement.made != nullptr) {
    std::sort(died_.begin(), died_.end());
    std::vector<UnitId> known;
    next->slots.push_back(Without(replacement.made, died_, known));
    std::sort(next->slots.begin(), next->slots.end(),
              [](const auto& a, const auto& b) { return a->number < b->number; });
  }
  if (replacement.frozen) {
    frozen_.reset();
    next->frozen.reset();
    next->frozen_at = Epoch{};
  }
  replacing_ = false;
  died_.clear();
  Publish(std::move(next));
}

void SegmentedIndex::Adopt(SegmentedIndex& other) {
  const std::scoped_lock writers(writer_mutex_, other.writer_mutex_);
  frozen_ = std::move(other.frozen_);
  fresh_ = std::move(other.fresh_);
  replacing_ = false;
  died_.clear();
  Publish(other.state());
}

void SegmentedIndex::AddSlot(std::shared_ptr<const SegmentSlot> slot) {
  const std::lock_guard writer(writer_mutex_);
  auto next = std::make_shared<IndexState>(*state());
  next->slots.push_back(std::move(slot));
  Publish(std::move(next));
}

}  // namespace sightline::storage
