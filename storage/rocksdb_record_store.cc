// SPDX-License-Identifier: BSD-3-Clause
#include "storage/rocksdb_record_store.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/guard.h"
#include "storage/commit_builder_internal.h"
#include "storage/record_db_internal.h"
#include "storage/record_store_internal.h"
#include "storage/write_checks.h"

namespace sightline::storage {
namespace {

// Reserved durably at a time; what a crash leaves of a block is never used.
constexpr uint64_t kIdBlock = 1024;

/// Reads and decodes one family by ids, in order, with nullopt for what is not there.
template <typename Value, typename Tag, typename Decode>
Result<std::vector<std::optional<Value>>> ReadMany(const RecordDb& db, Family family, std::span<const Id<Tag>> ids,
                                                   const rocksdb::Snapshot* snapshot, Decode decode) {
  return Guard("read records", [&]() -> Result<std::vector<std::optional<Value>>> {
    std::vector<std::optional<Value>> values(ids.size());
    SL_RETURN_IF_ERROR(db.GetMany(family, EncodeIdKeys(ids), snapshot, [&](size_t i, std::string_view bytes) -> Status {
      SL_ASSIGN_OR_RETURN(values[i], decode(ids[i], bytes));
      return {};
    }));
    return values;
  });
}

Result<std::string> GetMeta(const RecordDb& db, std::string_view key) {
  SL_ASSIGN_OR_RETURN(auto value, db.Get(Family::kMeta, key));
  if (!value) return Fail(ErrorCode::kCorruption, "the records have no " + std::string(key));
  return *std::move(value);
}

Result<std::optional<ItemId>> Lookup(const RecordDb& db, Family family, std::string_view key) {
  SL_ASSIGN_OR_RETURN(const auto value, db.Get(family, key));
  if (!value) return std::optional<ItemId>();
  SL_ASSIGN_OR_RETURN(const ItemId item, DecodeLookup(*value));
  return std::optional(item);
}

}  // namespace

Status PutMeta(const RecordDb& db, rocksdb::WriteBatch& batch, std::string_view key, const std::string& value) {
  const auto status = batch.Put(db.handle(Family::kMeta), rocksdb::Slice(key.data(), key.size()), value);
  if (!status.ok()) return tl::unexpected(FromRocks(status, "write the " + std::string(key)));
  return {};
}

RocksDbRecordStore::Impl::Impl(std::unique_ptr<RecordDb> opened, const OpenOptions& options)
    : db(std::move(opened)), terms(*db, options.filter_cache_bytes), sync_commits(options.sync_commits) {}

RocksDbRecordStore::Impl::~Impl() {
  // A clean end gives the rest of the reserved blocks back; when that fails they are lost, which harms nobody.
  rocksdb::WriteBatch batch;
  if (failure || next == reserved || !PutMeta(*db, batch, kCountersKey, EncodeCounters(next))) return;
  static_cast<void>(db->Write(batch, true));
}

Status RocksDbRecordStore::Impl::Write(rocksdb::WriteBatch& batch, bool sync) {
  if (failure) return tl::unexpected(*failure);
  auto written = db->Write(batch, sync);
  if (!written) failure = written.error();
  return written;
}

RocksDbRecordStore::RocksDbRecordStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksDbRecordStore::~RocksDbRecordStore() = default;

Result<std::unique_ptr<RocksDbRecordStore>> RocksDbRecordStore::Create(const std::filesystem::path& folder,
                                                                       const CollectionConfig& config,
                                                                       const OpenOptions& options) {
  return Guard("create the records", [&]() -> Result<std::unique_ptr<RocksDbRecordStore>> {
    SL_ASSIGN_OR_RETURN(auto db, RecordDb::Open(folder, options, true));
    rocksdb::WriteBatch batch;
    SL_RETURN_IF_ERROR(PutMeta(*db, batch, kConfigKey, EncodeConfig(config)));
    SL_RETURN_IF_ERROR(PutMeta(*db, batch, kCountersKey, EncodeCounters({})));
    SL_RETURN_IF_ERROR(PutMeta(*db, batch, kStateKey, EncodeState({.epoch = Epoch{1}})));
    SL_RETURN_IF_ERROR(PutMeta(*db, batch, kTermsKey, AllTermsFilled()));
    SL_RETURN_IF_ERROR(db->Write(batch, options.sync_commits));
    return Load(std::make_unique<Impl>(std::move(db), options));
  });
}

Result<std::unique_ptr<RocksDbRecordStore>> RocksDbRecordStore::Open(const std::filesystem::path& folder,
                                                                     const OpenOptions& options) {
  return Guard("open the records", [&]() -> Result<std::unique_ptr<RocksDbRecordStore>> {
    SL_ASSIGN_OR_RETURN(auto db, RecordDb::Open(folder, options, false));
    return Load(std::make_unique<Impl>(std::move(db), options));
  });
}

Result<std::unique_ptr<RocksDbRecordStore>> RocksDbRecordStore::Load(std::unique_ptr<Impl> impl) {
  SL_ASSIGN_OR_RETURN(const std::string config, GetMeta(*impl->db, kConfigKey));
  SL_ASSIGN_OR_RETURN(const std::string counters, GetMeta(*impl->db, kCountersKey));
  SL_ASSIGN_OR_RETURN(const std::string state, GetMeta(*impl->db, kStateKey));
  std::unique_ptr<RocksDbRecordStore> store(new RocksDbRecordStore(std::move(impl)));
  SL_ASSIGN_OR_RETURN(store->config_, DecodeConfig(config));
  SL_ASSIGN_OR_RETURN(store->impl_->state, DecodeState(state));
  SL_ASSIGN_OR_RETURN(store->impl_->reserved, DecodeCounters(counters));
  store->impl_->next = store->impl_->reserved;
  store->impl_->newest = store->impl_->state.epoch.value;
  SL_RETURN_IF_ERROR(FillTerms(*store->impl_->db, store->impl_->sync_commits));
  return store;
}

CollectionState RocksDbRecordStore::state() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->state;
}

Result<AllocatedIds> RocksDbRecordStore::AllocateIds(uint64_t items, uint64_t units) {
  constexpr uint64_t kMost = uint64_t{1} << 32;
  if (items > kMost || units > kMost) return Fail(ErrorCode::kInvalidArgument, "more ids at once than 2^32");
  const std::lock_guard lock(impl_->mutex);
  const IdCounters first = impl_->next;
  const IdCounters end{first.next_item + items, first.next_unit + units};
  if (end.next_item < first.next_item || end.next_unit < first.next_unit) {
    return Fail(ErrorCode::kResourceExhausted, "the collection has used up its ids");
  }
  if (end.next_item > impl_->reserved.next_item || end.next_unit > impl_->reserved.next_unit) {
    const IdCounters more{end.next_item + kIdBlock, end.next_unit + kIdBlock};
    rocksdb::WriteBatch batch;
    SL_RETURN_IF_ERROR(PutMeta(*impl_->db, batch, kCountersKey, EncodeCounters(more)));
    SL_RETURN_IF_ERROR(impl_->Write(batch, impl_->sync_commits));
    impl_->reserved = more;
  }
  impl_->next = end;
  return AllocatedIds{ItemId{first.next_item}, UnitId{first.next_unit}};
}

Result<Epoch> RocksDbRecordStore::Commit(const WriteSet& changes) {
  SL_ASSIGN_OR_RETURN(const Committed committed, CommitAndReport(changes));
  return committed.epoch;
}

Result<RocksDbRecordStore::Committed> RocksDbRecordStore::CommitAndReport(const WriteSet& changes) {
  return Guard("commit", [&]() -> Result<Committed> {
    SL_RETURN_IF_ERROR(CheckWriteSet(changes, config_));
    const std::lock_guard lock(impl_->mutex);
    if (impl_->failure) return tl::unexpected(*impl_->failure);
    if (!changes.put_units.empty()) SL_RETURN_IF_ERROR(impl_->db->CheckRoom());
    if (changes.empty()) return Committed{impl_->state.epoch, {}};
    for (const ItemRecord& item : changes.put_items) {
      if (item.id.value >= impl_->next.next_item) {
        return Fail(ErrorCode::kInvalidArgument, "item " + std::to_string(item.id.value) + " was never allocated");
      }
    }
    for (const NewUnit& unit : changes.put_units) {
      if (unit.record.id.value >= impl_->next.next_unit) {
        return Fail(ErrorCode::kInvalidArgument,
                    "unit " + std::to_string(unit.record.id.value) + " was never allocated");
      }
    }
    CommitBuilder builder(*impl_->db, changes, impl_->state, impl_->logs_changes);
    SL_RETURN_IF_ERROR(builder.Build());
    // Before the write: who reads a record and then finds its own epoch here still has read nothing newer.
    impl_->newest = builder.after().epoch.value;
    SL_RETURN_IF_ERROR(impl_->Write(builder.batch(), impl_->sync_commits));
    impl_->state = builder.after();
    return Committed{impl_->state.epoch, builder.dropped_units()};
  });
}

Result<std::vector<std::optional<ItemRecord>>> RocksDbRecordStore::GetItems(std::span<const ItemId> ids) const {
  return ReadMany<ItemRecord>(*impl_->db, Family::kItems, ids, nullptr, DecodeItem);
}

Result<std::vector<std::optional<UnitRecord>>> RocksDbRecordStore::GetUnits(std::span<const UnitId> ids) const {
  // Both halves of a unit from one moment.
  rocksdb::ManagedSnapshot snapshot(&impl_->db->db());
  SL_ASSIGN_OR_RETURN(auto units,
                      ReadMany<StoredUnit>(*impl_->db, Family::kUnits, ids, snapshot.snapshot(), DecodeUnit));
  SL_ASSIGN_OR_RETURN(auto vectors, ReadMany<std::vector<UnitVector>>(*impl_->db, Family::kVectors, ids,
                                                                      snapshot.snapshot(), DecodeVectors));
  std::vector<std::optional<UnitRecord>> joined(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!units[i]) continue;
    SL_ASSIGN_OR_RETURN(joined[i], JoinUnit(*std::move(units[i]), std::move(vectors[i]), config_.dim));
  }
  return joined;
}

Result<std::vector<std::optional<TokenMatrix>>> RocksDbRecordStore::GetTokens(std::span<const UnitId> ids) const {
  return ReadMany<TokenMatrix>(*impl_->db, Family::kPatches, ids, nullptr, DecodeTokens);
}

Result<std::vector<std::optional<std::vector<std::byte>>>> RocksDbRecordStore::GetThumbnails(
    std::span<const UnitId> ids) const {
  return ReadMany<std::vector<std::byte>>(*impl_->db, Family::kThumbnails, ids, nullptr, DecodeThumbnail);
}

Result<std::optional<ItemId>> RocksDbRecordStore::FindItem(std::string_view path) const {
  return Lookup(*impl_->db, Family::kPaths, path);
}

Result<std::optional<ItemId>> RocksDbRecordStore::FindItem(const ContentHash& hash) const {
  return Lookup(*impl_->db, Family::kHashes, {reinterpret_cast<const char*>(hash.data()), hash.size()});
}

std::shared_ptr<const RocksDbRecordStore::Moment> RocksDbRecordStore::Freeze() const {
  return std::make_shared<const Moment>(&impl_->db->db());
}

Status RocksDbRecordStore::ForEachItem(const Moment* moment, ItemId after,
                                       const std::function<bool(const ItemRecord&)>& visit) const {
  return Guard("list the items", [&] {
    return ScanAfter(*impl_->db, Family::kItems, SnapshotOf(moment), after.value,
                     [&](uint64_t id, std::string_view bytes) -> Result<bool> {
                       SL_ASSIGN_OR_RETURN(const ItemRecord item, DecodeItem(ItemId{id}, bytes));
                       return visit(item);
                     });
  });
}

Status RocksDbRecordStore::ForEachUnit(const Moment* moment, const std::function<bool(UnitRecord&&)>& visit) const {
  return Guard("list the units", [&] { return ScanUnits(*impl_->db, SnapshotOf(moment), config_.dim, visit); });
}

Result<std::vector<JobRecord>> RocksDbRecordStore::Jobs() const {
  return Guard("list the jobs", [&]() -> Result<std::vector<JobRecord>> {
    std::vector<JobRecord> jobs;
    SL_RETURN_IF_ERROR(
        Scan(*impl_->db, Family::kJobs, nullptr, [&](uint64_t id, std::string_view bytes) -> Result<bool> {
          SL_ASSIGN_OR_RETURN(JobRecord job, DecodeJob(JobId{id}, bytes));
          jobs.push_back(std::move(job));
          return true;
        }));
    std::reverse(jobs.begin(), jobs.end());
    return jobs;
  });
}

Result<FilterPlan> RocksDbRecordStore::Plan(const Filter& filter, const Limits& limits) const {
  return impl_->terms.Plan(filter, limits);
}

Result<std::optional<std::string>> RocksDbRecordStore::RepairTerms(const Limits& limits) {
  return Guard("repair the terms", [&]() -> Result<std::optional<std::string>> {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->failure) return tl::unexpected(*impl_->failure);
    std::optional<std::string> wrong;
    const auto report = [&wrong](std::string what) { wrong = wrong ? std::move(wrong) : std::move(what); };
    const Status checked = VerifyTerms(*impl_->db, nullptr, limits, report);
    if (!checked && checked.error().code != ErrorCode::kCorruption) return tl::unexpected(checked.error());
    if (!checked) wrong = checked.error().message;
    if (!wrong) return wrong;
    impl_->terms.SetUsable(false);
    SL_RETURN_IF_ERROR(RebuildTerms(*impl_->db, impl_->sync_commits));
    impl_->terms.SetUsable(true);
    return wrong;
  });
}

Status RocksDbRecordStore::Verify(const Moment& moment, const Limits& limits, VerifyReport& report) const {
  return Guard("verify the records", [&] { return VerifyRecords(*impl_->db, moment.snapshot(), limits, report); });
}

}  // namespace sightline::storage
