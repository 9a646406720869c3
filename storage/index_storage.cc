// SPDX-License-Identifier: BSD-3-Clause
// What RocksDbRecordStore keeps for the index: the manifest, the change log, the options and the training queries; and
// the collection's settings.
#include <algorithm>
#include <string>

#include "base/guard.h"
#include "storage/record_store_internal.h"
#include "storage/rocksdb_record_store.h"

namespace sightline::storage {

Result<std::optional<Manifest>> RocksDbRecordStore::ReadManifest() const {
  return Guard("read the manifest", [&]() -> Result<std::optional<Manifest>> {
    SL_ASSIGN_OR_RETURN(const auto bytes, impl_->db->Get(Family::kMeta, kManifestKey));
    if (!bytes) return std::optional<Manifest>();
    SL_ASSIGN_OR_RETURN(Manifest manifest, DecodeManifest(*bytes));
    return std::optional(std::move(manifest));
  });
}

Status RocksDbRecordStore::WriteManifest(const Manifest& manifest) {
  return Guard("write the manifest", [&]() -> Status {
    rocksdb::WriteBatch batch;
    SL_RETURN_IF_ERROR(PutMeta(*impl_->db, batch, kManifestKey, EncodeManifest(manifest)));
    const std::string end = EncodeIdKey(manifest.covered.value + 1);
    const auto status = batch.DeleteRange(impl_->db->handle(Family::kChanges), rocksdb::Slice(), end);
    if (!status.ok()) return tl::unexpected(FromRocks(status, "shorten the change log"));
    const std::lock_guard lock(impl_->mutex);
    return impl_->Write(batch, impl_->sync_commits);
  });
}

void RocksDbRecordStore::LogChanges() {
  const std::lock_guard lock(impl_->mutex);
  impl_->logs_changes = true;
}

Status RocksDbRecordStore::ForEachChange(Epoch after, const std::function<void(UnitId, UnitChange)>& visit) const {
  return Guard("read the change log", [&]() -> Status {
    const auto iterator = impl_->db->NewIterator(Family::kChanges, nullptr);
    for (iterator->Seek(EncodeIdKey(after.value + 1)); iterator->Valid(); iterator->Next()) {
      SL_ASSIGN_OR_RETURN(const auto key, DecodeChangeKey(iterator->key().ToStringView()));
      SL_ASSIGN_OR_RETURN(const UnitChange change, DecodeChange(iterator->value().ToStringView()));
      visit(key.second, change);
    }
    if (!iterator->status().ok()) return tl::unexpected(FromRocks(iterator->status(), "read the change log"));
    return {};
  });
}

Result<IndexOptions> RocksDbRecordStore::ReadIndexOptions() const {
  return Guard("read the index's options", [&]() -> Result<IndexOptions> {
    SL_ASSIGN_OR_RETURN(const auto bytes, impl_->db->Get(Family::kMeta, kIndexOptionsKey));
    if (!bytes) return IndexOptions();
    return DecodeIndexOptions(*bytes);
  });
}

Status RocksDbRecordStore::WriteIndexOptions(const IndexOptions& options) {
  return Guard("write the index's options", [&]() -> Status {
    rocksdb::WriteBatch batch;
    SL_RETURN_IF_ERROR(PutMeta(*impl_->db, batch, kIndexOptionsKey, EncodeIndexOptions(options)));
    const std::lock_guard lock(impl_->mutex);
    return impl_->Write(batch, impl_->sync_commits);
  });
}

Result<std::vector<float>> RocksDbRecordStore::ReadTrainingQueries() const {
  return Guard("read the training queries", [&]() -> Result<std::vector<float>> {
    SL_ASSIGN_OR_RETURN(const auto bytes, impl_->db->Get(Family::kMeta, kTrainingQueriesKey));
    if (!bytes) return std::vector<float>();
    return DecodeTrainingQueries(*bytes, config_.dim);
  });
}

Status RocksDbRecordStore::WriteTrainingQueries(const std::vector<float>& queries) {
  return Guard("write the training queries", [&]() -> Status {
    rocksdb::WriteBatch batch;
    const std::string bytes = EncodeTrainingQueries(queries, config_.dim);
    SL_RETURN_IF_ERROR(PutMeta(*impl_->db, batch, kTrainingQueriesKey, bytes));
    const std::lock_guard lock(impl_->mutex);
    return impl_->Write(batch, impl_->sync_commits);
  });
}

Result<CollectionSettings> RocksDbRecordStore::ReadSettings() const {
  return Guard("read the settings", [&]() -> Result<CollectionSettings> {
    SL_ASSIGN_OR_RETURN(const auto bytes, impl_->db->Get(Family::kMeta, kSettingsKey));
    if (!bytes) return CollectionSettings();
    return DecodeSettings(*bytes);
  });
}

Status RocksDbRecordStore::WriteSettings(const CollectionSettings& settings) {
  return Guard("write the settings", [&]() -> Status {
    rocksdb::WriteBatch batch;
    SL_RETURN_IF_ERROR(PutMeta(*impl_->db, batch, kSettingsKey, EncodeSettings(settings)));
    const std::lock_guard lock(impl_->mutex);
    return impl_->Write(batch, impl_->sync_commits);
  });
}

Result<std::vector<std::optional<std::vector<UnitVector>>>> RocksDbRecordStore::GetVectors(std::span<const UnitId> ids,
                                                                                           Epoch at) const {
  return Guard("read vectors", [&]() -> Result<std::vector<std::optional<std::vector<UnitVector>>>> {
    std::vector<std::optional<std::vector<UnitVector>>> vectors(ids.size());
    std::vector<std::string> keys;
    keys.reserve(ids.size());
    for (UnitId id : ids) keys.push_back(EncodeIdKey(id.value));
    SL_RETURN_IF_ERROR(impl_->db->GetMany(Family::kVectors, keys, nullptr, [&](size_t i, std::string_view bytes) {
      auto decoded = DecodeVectors(ids[i], bytes);
      if (!decoded) return Status(tl::unexpected(decoded.error()));
      vectors[i] = *std::move(decoded);
      return Status();
    }));
    // Nothing was written since: the common case, without a second read. Otherwise the units, read later than their
    // vectors, say which commit wrote both.
    if (impl_->newest.load() <= at.value) return vectors;
    std::vector<bool> is_old(ids.size());
    SL_RETURN_IF_ERROR(impl_->db->GetMany(Family::kUnits, keys, nullptr, [&](size_t i, std::string_view bytes) {
      const auto unit = DecodeUnit(ids[i], bytes);
      if (!unit) return Status(tl::unexpected(unit.error()));
      is_old[i] = unit->written_at <= at;
      return Status();
    }));
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!is_old[i]) vectors[i].reset();
    }
    return vectors;
  });
}

}  // namespace sightline::storage
