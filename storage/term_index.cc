// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "base/guard.h"
#include "base/log.h"
#include "storage/record_codec.h"
#include "storage/term_index_internal.h"
#include "storage/term_keys.h"

namespace sightline::storage {
namespace {

// Note [Plans]
// A condition becomes two sets of items: those that surely meet it and those that possibly do, which are the same
// unless terms hold less than the records (Note [Terms]). Sets join as the clauses of the filter do. Reading a set
// costs one entry per item, about 0.3 us, so a condition that more than kMostTerms entries meet stays unknown: whatever
// else the filter asks for may still narrow it down, and the rest is looked up in the records, best score first, which
// needs few of them when most items pass. Sets are kept for further searches of the same epoch.
constexpr size_t kMostTerms = 256 * 1024;
constexpr size_t kMostTermsPerPlan = 1024 * 1024;
// What it costs to find the place of a range, in entries.
constexpr size_t kSeekCost = 8;

// Scoring a row of which nothing is known beside it costs about 20 times less in an index than picked out of it, and
// a few rows are cheap in any case.
constexpr uint64_t kFewItems = 100;
constexpr double kDirectShare = 0.05;
constexpr double kSelectorShare = 0.5;

/// One place to read entries of one moment from.
class TermReader {
 public:
  TermReader(const RecordDb& db, const rocksdb::Snapshot* snapshot, const Limits& limits)
      : db_(db), snapshot_(snapshot), limits_(limits) {}

  size_t terms_read() const { return terms_read_; }

  /// Appends the items of all entries of a range. @return false when there are more than `most`.
  Result<bool> Read(const TermRange& range, size_t most, std::vector<uint64_t>& items) {
    rocksdb::Iterator& iterator = IteratorOf(range.in_paths ? Family::kPaths : Family::kTerms);
    const size_t first = items.size();
    cost_ += kSeekCost;
    for (iterator.Seek(range.first); iterator.Valid() && iterator.key().compare(range.end) < 0; iterator.Next()) {
      if (items.size() - first == most || cost_ >= kMostTermsPerPlan) return false;
      if (items.size() % 4096 == 0) SL_RETURN_IF_ERROR(limits_.Check("filter"));
      SL_ASSIGN_OR_RETURN(const ItemId item, range.in_paths ? DecodeLookup(iterator.value().ToStringView())
                                                            : ItemOfTermKey(iterator.key().ToStringView()));
      items.push_back(item.value);
      ++terms_read_;
      ++cost_;
    }
    if (!iterator.status().ok()) return tl::unexpected(FromRocks(iterator.status(), "read terms"));
    return true;
  }

 private:
  rocksdb::Iterator& IteratorOf(Family family) {
    auto& iterator = iterators_[family];
    if (iterator == nullptr) {
      rocksdb::ReadOptions options;
      options.snapshot = snapshot_;
      iterator.reset(db_.db().NewIterator(options, db_.handle(family)));
    }
    return *iterator;
  }

  const RecordDb& db_;
  const rocksdb::Snapshot* snapshot_;
  const Limits& limits_;
  std::map<Family, std::unique_ptr<rocksdb::Iterator>> iterators_;
  size_t terms_read_ = 0;
  size_t cost_ = 0;
};

ItemSet SetOf(std::vector<uint64_t> items) {
  std::sort(items.begin(), items.end());
  Roaring64Map set;
  set.addMany(items.size(), items.data());
  return ItemSet::Of(std::move(set));
}

/// What identifies a condition in the cache.
std::string KeyOf(const std::vector<TermRange>& ranges) {
  std::string key;
  for (const TermRange& range : ranges) {
    for (const std::string* part : {&range.first, &range.end}) key.append(EncodeIdKey(part->size())).append(*part);
    key += range.in_paths ? 'p' : 't';
  }
  return key;
}

/// Turns one filter into sets.
class Resolver {
 public:
  Resolver(TermReader& reader, BoundsCache& cache, Epoch epoch) : reader_(reader), cache_(cache), epoch_(epoch) {}

  size_t clauses_cached() const { return clauses_cached_; }

  /// Without the types of the filter itself.
  Result<ItemBounds> Resolve(const Filter& filter) {
    ItemBounds all = ItemBounds::Exactly(ItemSet::All());
    for (const FilterClause& clause : filter.must) {
      SL_ASSIGN_OR_RETURN(const ItemBounds bounds, std::visit(*this, clause));
      all = And(std::move(all), bounds);
    }
    if (!filter.should.empty()) {
      ItemBounds any = ItemBounds::Exactly({});
      for (const FilterClause& clause : filter.should) {
        SL_ASSIGN_OR_RETURN(const ItemBounds bounds, std::visit(*this, clause));
        any = Or(std::move(any), bounds);
      }
      all = And(std::move(all), any);
    }
    for (const FilterClause& clause : filter.must_not) {
      SL_ASSIGN_OR_RETURN(ItemBounds bounds, std::visit(*this, clause));
      all = And(std::move(all), Not(std::move(bounds)));
    }
    return all;
  }

  Result<ItemBounds> operator()(const Filter& filter) {
    SL_ASSIGN_OR_RETURN(ItemBounds bounds, Resolve(filter));
    // Types are a matter of units: some of an item may have them and others not.
    if (!filter.types.empty()) bounds.sure = {};
    return bounds;
  }
  Result<ItemBounds> operator()(const ExistsCondition& condition) {
    if (condition.key == "path") return ItemBounds::Exactly(ItemSet::All());
    return Leaf(TermRangesOf(condition));
  }
  Result<ItemBounds> operator()(const PrefixCondition& condition) {
    if (condition.key == "path" && condition.prefix.empty()) return ItemBounds::Exactly(ItemSet::All());
    return Leaf(TermRangesOf(condition));
  }
  template <typename Condition>
  Result<ItemBounds> operator()(const Condition& condition) {
    return Leaf(TermRangesOf(condition));
  }

 private:
  Result<ItemBounds> Leaf(const std::optional<std::vector<TermRange>>& ranges) {
    if (!ranges) return ItemBounds{};
    const std::string key = KeyOf(*ranges);
    if (const auto cached = cache_.Find(key, epoch_)) {
      ++clauses_cached_;
      return *cached;
    }
    auto read = Read(*ranges);
    if (!read) {
      if (read.error().code == ErrorCode::kCancelled || read.error().code == ErrorCode::kDeadlineExceeded) return read;
      Log(LogLevel::kWarning, "a filter does without the secondary index: " + read.error().message);
      return ItemBounds{};
    }
    cache_.Put(key, epoch_, std::make_shared<const ItemBounds>(*read));
    return read;
  }

  Result<ItemBounds> Read(const std::vector<TermRange>& ranges) {
    std::vector<uint64_t> sure;
    std::vector<uint64_t> unsure;
    bool of_paths = false;
    for (const TermRange& range : ranges) {
      std::vector<uint64_t>& found = range.is_sure ? sure : unsure;
      SL_ASSIGN_OR_RETURN(const bool is_whole, reader_.Read(range, kMostTerms - sure.size() - unsure.size(), found));
      if (!is_whole) return ItemBounds{};
      of_paths = of_paths || range.in_paths;
    }
    ItemBounds bounds = ItemBounds::Exactly(SetOf(std::move(sure)));
    if (!unsure.empty()) bounds.possible = Or(std::move(bounds.possible), SetOf(std::move(unsure)));
    if (!of_paths) return bounds;
    SL_ASSIGN_OR_RETURN(const ItemBounds several, Leaf(std::vector{SeveralPathsRange()}));
    bounds.sure = And(std::move(bounds.sure), Not(several.possible));
    return bounds;
  }

  TermReader& reader_;
  BoundsCache& cache_;
  Epoch epoch_;
  size_t clauses_cached_ = 0;
};

FilterStrategy StrategyFor(const ItemBounds& bounds, uint64_t possible, uint64_t items) {
  if (bounds.possible.IsAll()) return FilterStrategy::kPostFilter;
  const double share = items == 0 ? 0 : static_cast<double>(possible) / static_cast<double>(items);
  const bool is_few = possible <= kFewItems || share <= kDirectShare;
  if (is_few && bounds.possible.lists_members()) return FilterStrategy::kDirectScan;
  return share <= kSelectorShare ? FilterStrategy::kSelector : FilterStrategy::kPostFilter;
}

}  // namespace

Result<FilterPlan> TermIndex::Plan(const Filter& filter, const Limits& limits) const {
  if (!AsksMetadata(filter)) return FilterPlan{};
  if (!usable_) {
    FilterPlan plan;
    plan.strategy = FilterStrategy::kPostFilter;
    return plan;
  }
  return Guard("plan a filter", [&]() -> Result<FilterPlan> {
    rocksdb::ManagedSnapshot moment(&db_.db());
    SL_ASSIGN_OR_RETURN(const auto stored, db_.Get(Family::kMeta, kStateKey, moment.snapshot()));
    const auto state = stored ? DecodeState(*stored) : Fail(ErrorCode::kCorruption, "the records have no state");
    if (!state) return tl::unexpected(state.error());
    TermReader reader(db_, moment.snapshot(), limits);
    Resolver resolver(reader, cache_, state->epoch);
    SL_ASSIGN_OR_RETURN(ItemBounds bounds, resolver.Resolve(filter));
    FilterPlan plan;
    plan.items_in_all = state->items;
    plan.items_possible = bounds.possible.CountOf(state->items);
    plan.is_exact = bounds.is_exact();
    plan.strategy = StrategyFor(bounds, plan.items_possible, state->items);
    plan.terms_read = reader.terms_read();
    plan.clauses_cached = resolver.clauses_cached();
    if (!bounds.possible.IsAll() || plan.is_exact) plan.items = std::make_shared<const ItemBounds>(std::move(bounds));
    return plan;
  });
}

void TermIndex::SetUsable(bool usable) {
  cache_.Clear();
  usable_ = usable;
}

}  // namespace sightline::storage
