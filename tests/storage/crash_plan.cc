// SPDX-License-Identifier: BSD-3-Clause
#include "tests/storage/crash_plan.h"

#include <cstring>
#include <random>

#include "tests/storage/sample_records.h"

namespace sightline::testing {

using storage::Collection;
using storage::ItemRecord;
using storage::JobRecord;
using storage::NewUnit;
using storage::PatchStorage;
using storage::WriteSet;

namespace {

constexpr uint32_t kDim = 32;

uint64_t SeedOf(const PlannedItem& planned) { return (planned.batch * 16 + planned.index) * 1024 + planned.version; }

/// The item and its unit for given ids.
void Fill(const PlannedItem& planned, ItemRecord& item, NewUnit& unit) {
  const uint64_t seed = SeedOf(planned);
  item.paths = {{planned.path(), seed, static_cast<int64_t>(seed)}};
  if (seed % 3 == 0) item.paths.push_back({planned.path() + "/copy/" + std::to_string(planned.version), 1, 2});
  std::memcpy(item.hash.data(), &seed, sizeof(seed));
  item.hash[15] = 1;
  item.metadata = {{"version", {static_cast<int64_t>(planned.version)}}};
  item.units = {unit.record.id};
  unit.record.item = item.id;
  for (uint64_t v = 0; v < 1 + seed % 3; ++v) {
    storage::UnitVector vector{std::nullopt, RandomEmbedding(kDim, seed * 4 + v)};
    if (v > 0) vector.frame_time_us = static_cast<int64_t>(v);
    unit.record.vectors.push_back(std::move(vector));
  }
  unit.tokens = RandomTokens(20, 256, PatchStorage::kInt8, seed);
  unit.thumbnail.assign(100 + seed % 1000, static_cast<std::byte>(seed));
}

template <typename Value>
const std::optional<Value>& Only(const Result<std::vector<std::optional<Value>>>& values) {
  return values->at(0);
}

std::string Compare(const Collection& collection, const PlannedItem& planned) {
  const auto id = collection.records().FindItem(planned.path());
  if (!id || !*id) return "is not found by its path";
  const auto items = collection.records().GetItems({{**id}});
  if (!items || !Only(items) || Only(items)->units.size() != 1) return "is not there";
  ItemRecord item;
  NewUnit unit;
  item.id = **id;
  unit.record.id = Only(items)->units[0];
  Fill(planned, item, unit);
  if (*Only(items) != item) return "has another record";
  const auto units = collection.records().GetUnits({{unit.record.id}});
  if (!units || Only(units) != unit.record) return "has another unit";
  const auto tokens = collection.records().GetTokens({{unit.record.id}});
  if (!tokens || Only(tokens) != unit.tokens) return "has other tokens";
  const auto thumbnails = collection.records().GetThumbnails({{unit.record.id}});
  if (!thumbnails || Only(thumbnails) != unit.thumbnail) return "has another thumbnail";
  return {};
}

}  // namespace

std::string PlannedItem::path() const { return "/batch/" + std::to_string(batch) + "/" + std::to_string(index); }

CrashPlan::Batch CrashPlan::Advance() {
  std::mt19937_64 random(++batches_);
  Batch batch;
  const auto pick = [&]() {
    auto picked = items_.begin();
    std::advance(picked, static_cast<std::ptrdiff_t>(random() % items_.size()));
    return picked;
  };
  if (!items_.empty() && random() % 3 == 0) {
    const auto removed = pick();
    batch.removes.push_back(removed->second);
    items_.erase(removed);
  }
  if (!items_.empty() && random() % 3 == 0) {
    PlannedItem& replaced = pick()->second;
    ++replaced.version;
    batch.puts.push_back(replaced);
  }
  for (uint64_t i = 0; i < 1 + random() % 4; ++i) {
    const PlannedItem added{batches_, i, 0};
    items_[added.path()] = added;
    batch.puts.push_back(added);
  }
  return batch;
}

storage::CollectionConfig CrashConfig() { return {"crash", "", kDim, PatchStorage::kInt8}; }

storage::IndexOptions CrashIndex(storage::IndexKind kind) { return {.kind = kind, .seal_rows = 10}; }

storage::OpenOptions CrashOptions() {
  storage::OpenOptions options;
  options.write_buffer_bytes = 512 << 10;
  return options;
}

Result<uint64_t> CommittedBatches(const Collection& collection) {
  SL_ASSIGN_OR_RETURN(const std::vector<JobRecord> jobs, collection.Jobs());
  return jobs.empty() ? 0 : jobs[0].items_added;
}

Result<WriteSet> ToWriteSet(const CrashPlan& plan, const CrashPlan::Batch& batch, Collection& collection) {
  WriteSet changes;
  for (const PlannedItem& removed : batch.removes) {
    SL_ASSIGN_OR_RETURN(const auto id, collection.records().FindItem(removed.path()));
    if (!id) return Fail(ErrorCode::kInternal, removed.path() + " is not there to be removed");
    changes.remove_items.push_back(*id);
  }
  for (const PlannedItem& planned : batch.puts) {
    ItemRecord item;
    NewUnit unit;
    if (planned.version == 0) {
      SL_ASSIGN_OR_RETURN(const auto ids, collection.AllocateIds(1, 1));
      item.id = ids.first_item;
      unit.record.id = ids.first_unit;
    } else {
      SL_ASSIGN_OR_RETURN(const auto id, collection.records().FindItem(planned.path()));
      if (!id) return Fail(ErrorCode::kInternal, planned.path() + " is not there to be replaced");
      SL_ASSIGN_OR_RETURN(const auto old, collection.records().GetItems({{*id}}));
      item.id = *id;
      unit.record.id = old.at(0)->units.at(0);
    }
    Fill(planned, item, unit);
    changes.put_items.push_back(std::move(item));
    changes.put_units.push_back(std::move(unit));
  }
  changes.put_job = JobRecord{.id = JobId{1}, .inputs = {}, .items_added = plan.batches(), .errors = {}};
  return changes;
}

std::vector<std::string> Differences(const Collection& collection, uint64_t batches) {
  CrashPlan plan;
  while (plan.batches() < batches) plan.Advance();
  std::vector<std::string> differences;
  for (const auto& [path, planned] : plan.items()) {
    const std::string difference = Compare(collection, planned);
    if (!difference.empty()) differences.push_back(path + " " + difference);
  }
  const Status listed = collection.ForEachItem([&](const ItemRecord& item) {
    if (plan.items().count(item.paths[0].path) == 0) differences.push_back(item.paths[0].path + " should not be there");
    return true;
  });
  if (!listed) differences.push_back(listed.error().message);
  const auto report = collection.Verify({});
  if (!report) differences.push_back(report.error().message);
  if (report) {
    for (const auto& finding : report->findings) differences.push_back(finding.what);
  }
  return differences;
}

}  // namespace sightline::testing
