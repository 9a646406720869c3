// SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/memory_collection.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "storage/write_checks.h"

namespace sightline::testing {

using storage::AllocatedIds;
using storage::ContentHash;
using storage::ItemRecord;
using storage::JobRecord;
using storage::NewUnit;
using storage::UnitRecord;
using storage::WriteSet;

struct MemoryCollection::State {
  Epoch epoch{1};
  std::map<ItemId, std::shared_ptr<const ItemRecord>> items;
  std::map<UnitId, std::shared_ptr<const NewUnit>> units;
  std::map<JobId, JobRecord> jobs;
};

namespace {

using State = MemoryCollection::State;

tl::unexpected<Error> Invalid(std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); }

void DropItem(State& state, ItemId id) {
  const auto found = state.items.find(id);
  if (found == state.items.end()) return;
  for (UnitId unit : found->second->units) state.units.erase(unit);
  state.items.erase(found);
}

Status PutUnit(State& state, const NewUnit& unit) {
  const auto old = state.units.find(unit.record.id);
  if (old != state.units.end() && old->second->record.item != unit.record.item) {
    return Invalid("unit " + std::to_string(unit.record.id.value) + " belongs to another item");
  }
  auto stored = std::make_shared<NewUnit>(unit);
  stored->record.written_at = Epoch{state.epoch.value + 1};
  state.units[unit.record.id] = std::move(stored);
  return {};
}

/// The rules that tie items, units, paths and hashes together, checked on the whole state.
Status CheckState(const State& state) {
  std::set<UnitId> listed;
  std::set<std::string> paths;
  std::set<ContentHash> hashes;
  for (const auto& [id, item] : state.items) {
    for (UnitId unit : item->units) {
      const auto found = state.units.find(unit);
      if (found == state.units.end() || found->second->record.item != id) {
        return Invalid("item " + std::to_string(id.value) + " lists unit " + std::to_string(unit.value) +
                       ", which is not its");
      }
      listed.insert(unit);
    }
    for (const auto& path : item->paths) {
      if (!paths.insert(path.path).second) return Invalid("two items have the path " + path.path);
    }
    if (storage::IsSet(item->hash) && !hashes.insert(item->hash).second) {
      return Invalid("item " + std::to_string(id.value) + " has the content of another item");
    }
  }
  if (listed.size() != state.units.size()) return Invalid("a unit that no item lists");
  return {};
}

Status ApplyChanges(State& state, const WriteSet& changes) {
  for (const NewUnit& unit : changes.put_units) SL_RETURN_IF_ERROR(PutUnit(state, unit));
  for (ItemId id : changes.remove_items) DropItem(state, id);
  for (const ItemRecord& item : changes.put_items) {
    const auto old = state.items.find(item.id);
    if (old != state.items.end()) {
      for (UnitId unit : old->second->units) {
        if (std::find(item.units.begin(), item.units.end(), unit) == item.units.end()) state.units.erase(unit);
      }
    }
    state.items[item.id] = std::make_shared<const ItemRecord>(item);
  }
  if (changes.put_job) state.jobs[changes.put_job->id] = *changes.put_job;
  return CheckState(state);
}

template <typename Map, typename Key, typename Make>
auto Collect(const Map& map, std::span<const Key> ids, Make make) {
  std::vector<decltype(make(map.begin()->second))> values;
  for (Key id : ids) {
    const auto found = map.find(id);
    values.push_back(found == map.end() ? std::nullopt : make(found->second));
  }
  return values;
}

class MemoryView : public storage::IndexView {
 public:
  MemoryView(std::shared_ptr<const State> state, uint32_t dim) : state_(std::move(state)), dim_(dim) {}

  Epoch epoch() const override { return state_->epoch; }
  size_t unit_count() const override { return state_->units.size(); }
  size_t vector_count() const override {
    size_t count = 0;
    for (const auto& [id, unit] : state_->units) count += unit->record.vectors.size();
    return count;
  }

  Result<std::vector<storage::Neighbor>> Search(std::span<const float> query, const storage::SearchOptions& options,
                                                storage::SearchStats* stats) const override {
    if (query.size() != dim_ || options.k == 0) return Invalid("a query of the wrong length, or k of 0");
    if (!std::all_of(query.begin(), query.end(), [](float x) { return std::isfinite(x); })) {
      return Invalid("a query with a value that is not finite");
    }
    std::vector<storage::Neighbor> all;
    storage::SearchStats counted;
    for (const auto& [id, unit] : state_->units) {
      SL_RETURN_IF_ERROR(options.limits.Check("search"));
      if (options.filter != nullptr && !Passes(*options.filter, unit->record)) {
        ++counted.units_filtered_out;
        continue;
      }
      counted.vectors_scanned += unit->record.vectors.size();
      all.push_back(Score(unit->record, query));
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    if (all.size() > options.k) all.resize(options.k);
    if (stats != nullptr) *stats = counted;
    return all;
  }

 private:
  bool Passes(const Filter& filter, const UnitRecord& unit) const {
    const ItemRecord& item = *state_->items.at(unit.item);
    return Matches(filter, unit.type, item.paths.front().path, item.metadata);
  }

  static storage::Neighbor Score(const UnitRecord& unit, std::span<const float> query) {
    storage::Neighbor best{unit.id, 0, std::nullopt};
    for (size_t v = 0; v < unit.vectors.size(); ++v) {
      float score = 0;
      for (size_t i = 0; i < query.size(); ++i) score += query[i] * unit.vectors[v].embedding[i];
      if (v == 0 || score > best.score) best = {unit.id, score, unit.vectors[v].frame_time_us};
    }
    return best;
  }

  std::shared_ptr<const State> state_;
  uint32_t dim_;
};

}  // namespace

class MemoryCollection::Records : public storage::RecordStore {
 public:
  explicit Records(MemoryCollection& owner) : owner_(owner) {}

  Result<AllocatedIds> AllocateIds(uint64_t items, uint64_t units) override { return owner_.AllocateIds(items, units); }
  Result<Epoch> Commit(const WriteSet& changes) override { return owner_.Commit(changes); }

  Result<std::vector<std::optional<ItemRecord>>> GetItems(std::span<const ItemId> ids) const override {
    return Collect(owner_.state()->items, ids, [](const auto& item) { return std::optional(*item); });
  }
  Result<std::vector<std::optional<UnitRecord>>> GetUnits(std::span<const UnitId> ids) const override {
    return Collect(owner_.state()->units, ids, [](const auto& unit) { return std::optional(unit->record); });
  }
  Result<std::vector<std::optional<TokenMatrix>>> GetTokens(std::span<const UnitId> ids) const override {
    return Collect(owner_.state()->units, ids, [](const auto& unit) { return unit->tokens; });
  }
  Result<std::vector<std::optional<std::vector<std::byte>>>> GetThumbnails(std::span<const UnitId> ids) const override {
    return Collect(owner_.state()->units, ids, [](const auto& unit) {
      return unit->thumbnail.empty() ? std::nullopt : std::optional(unit->thumbnail);
    });
  }

  Result<std::optional<ItemId>> FindItem(std::string_view path) const override {
    return Find([path](const ItemRecord& item) {
      return std::any_of(item.paths.begin(), item.paths.end(), [path](const auto& p) { return p.path == path; });
    });
  }
  Result<std::optional<ItemId>> FindItem(const ContentHash& hash) const override {
    return Find([&hash](const ItemRecord& item) { return storage::IsSet(hash) && item.hash == hash; });
  }

 private:
  template <typename Predicate>
  std::optional<ItemId> Find(Predicate predicate) const {
    const auto state = owner_.state();
    for (const auto& [id, item] : state->items) {
      if (predicate(*item)) return id;
    }
    return std::nullopt;
  }

  MemoryCollection& owner_;
};

MemoryCollection::MemoryCollection(const storage::CollectionConfig& config)
    : config_(config), state_(std::make_shared<const State>()), records_(std::make_unique<Records>(*this)) {}

MemoryCollection::~MemoryCollection() = default;

Result<std::unique_ptr<MemoryCollection>> MemoryCollection::Create(const storage::CollectionConfig& config) {
  SL_RETURN_IF_ERROR(storage::CheckConfig(config));
  return std::unique_ptr<MemoryCollection>(new MemoryCollection(config));
}

std::shared_ptr<const MemoryCollection::State> MemoryCollection::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void MemoryCollection::FailCommits(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(error);
}

const storage::RecordStore& MemoryCollection::records() const { return *records_; }

Result<AllocatedIds> MemoryCollection::AllocateIds(uint64_t items, uint64_t units) {
  const std::lock_guard lock(mutex_);
  const AllocatedIds ids{ItemId{next_item_}, UnitId{next_unit_}};
  next_item_ += items;
  next_unit_ += units;
  return ids;
}

Result<Epoch> MemoryCollection::Commit(const WriteSet& changes) {
  const std::lock_guard lock(mutex_);
  if (failure_) return tl::unexpected<Error>(*failure_);
  SL_RETURN_IF_ERROR(storage::CheckWriteSet(changes, config_));
  if (changes.empty()) return state_->epoch;
  for (const auto& item : changes.put_items) {
    if (item.id.value >= next_item_) return Invalid("an item id that was never given out");
  }
  for (const auto& unit : changes.put_units) {
    if (unit.record.id.value >= next_unit_) return Invalid("a unit id that was never given out");
  }
  auto next = std::make_shared<State>(*state_);
  SL_RETURN_IF_ERROR(ApplyChanges(*next, changes));
  ++next->epoch.value;
  state_ = std::move(next);
  return state_->epoch;
}

std::shared_ptr<const storage::IndexView> MemoryCollection::View() const {
  return std::make_shared<MemoryView>(state(), config_.dim);
}

Status MemoryCollection::ForEachItemAfter(ItemId after, const std::function<bool(const ItemRecord&)>& visit) const {
  const auto now = state();
  for (auto it = now->items.upper_bound(after); it != now->items.end(); ++it) {
    if (!visit(*it->second)) break;
  }
  return {};
}

Result<std::vector<JobRecord>> MemoryCollection::Jobs() const {
  const auto now = state();
  std::vector<JobRecord> jobs;
  for (auto it = now->jobs.rbegin(); it != now->jobs.rend(); ++it) jobs.push_back(it->second);
  return jobs;
}

Result<storage::CollectionStats> MemoryCollection::Stats() const {
  const auto now = state();
  storage::CollectionStats stats{.items = now->items.size(), .units = now->units.size(), .epoch = now->epoch};
  for (const auto& [id, unit] : now->units) {
    stats.vectors += unit->record.vectors.size();
    stats.token_bytes += unit->tokens ? unit->tokens->size_bytes() : 0;
    stats.thumbnail_bytes += unit->thumbnail.size();
  }
  return stats;
}

// Every search looks at every vector: options are kept, and there is nothing to seal or to repair.

storage::IndexOptions MemoryCollection::index_options() const {
  const std::lock_guard lock(mutex_);
  return index_options_;
}

Status MemoryCollection::SetIndexOptions(const storage::IndexOptions& options) {
  SL_RETURN_IF_ERROR(storage::CheckIndexOptions(options, config_.dim));
  const std::lock_guard lock(mutex_);
  index_options_ = options;
  return {};
}

Status MemoryCollection::SetTrainingQueries(std::span<const float> queries) {
  if (queries.size() % config_.dim != 0) return Invalid("training queries of another length");
  return {};
}

storage::CollectionSettings MemoryCollection::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

Status MemoryCollection::SetSettings(const storage::CollectionSettings& settings) {
  SL_RETURN_IF_ERROR(storage::CheckSettings(settings));
  const std::lock_guard lock(mutex_);
  settings_ = settings;
  return {};
}

Status MemoryCollection::SealNow(const Limits& limits) { return limits.Check("seal"); }
Status MemoryCollection::WaitForBackground(const Limits& limits) { return limits.Check("wait for the index"); }

Result<storage::RepairReport> MemoryCollection::Repair(const Limits& limits) {
  SL_RETURN_IF_ERROR(limits.Check("repair"));
  return storage::RepairReport{};
}

Result<storage::VerifyReport> MemoryCollection::Verify(const Limits& limits) const {
  SL_RETURN_IF_ERROR(limits.Check("verify"));
  const auto now = state();
  storage::VerifyReport report{.items_checked = now->items.size(), .units_checked = now->units.size(), .findings = {}};
  if (auto checked = CheckState(*now); !checked) report.findings.push_back({checked.error().message});
  return report;
}

Result<storage::SnapshotInfo> MemoryCollection::Snapshot(const std::filesystem::path& /*out*/) const {
  return Fail(ErrorCode::kUnsupported, "a collection in memory has no files");
}

}  // namespace sightline::testing
