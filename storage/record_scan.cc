// SPDX-License-Identifier: BSD-3-Clause
#include <string>

#include "storage/record_store_internal.h"

namespace sightline::storage {

Result<UnitRecord> JoinUnit(StoredUnit unit, std::optional<std::vector<UnitVector>> vectors, uint32_t dim) {
  const std::string name = "unit " + std::to_string(unit.record.id.value);
  if (!vectors) return Fail(ErrorCode::kCorruption, name + " has no stored vectors");
  if (vectors->size() != unit.vector_count || vectors->empty() || vectors->front().embedding.size() != dim) {
    return Fail(ErrorCode::kCorruption, name + " does not have the vectors that its record speaks of");
  }
  unit.record.vectors = *std::move(vectors);
  unit.record.written_at = unit.written_at;
  return std::move(unit.record);
}

Status Scan(const RecordDb& db, Family family, const rocksdb::Snapshot* snapshot,
            const std::function<Result<bool>(uint64_t, std::string_view)>& visit) {
  return ScanAfter(db, family, snapshot, 0, visit);
}

Status ScanAfter(const RecordDb& db, Family family, const rocksdb::Snapshot* snapshot, uint64_t after,
                 const std::function<Result<bool>(uint64_t, std::string_view)>& visit) {
  if (after == UINT64_MAX) return {};
  const auto iterator = db.NewIterator(family, snapshot);
  if (after > 0) iterator->Seek(EncodeIdKey(after + 1));
  for (; iterator->Valid(); iterator->Next()) {
    SL_ASSIGN_OR_RETURN(const uint64_t id, DecodeIdKey(iterator->key().ToStringView()));
    SL_ASSIGN_OR_RETURN(const bool go_on, visit(id, iterator->value().ToStringView()));
    if (!go_on) return {};
  }
  if (!iterator->status().ok()) {
    return tl::unexpected(FromRocks(iterator->status(), "read " + std::string(NameOf(family))));
  }
  return {};
}

Status ScanUnits(const RecordDb& db, const rocksdb::Snapshot* snapshot, uint32_t dim,
                 const std::function<bool(UnitRecord&&)>& visit) {
  // Both families have the same keys in the same order: two iterators in step instead of one lookup per unit. Without a
  // moment given they must still show the same one.
  std::optional<rocksdb::ManagedSnapshot> own;
  if (snapshot == nullptr) snapshot = own.emplace(&db.db()).snapshot();
  const auto vectors = db.NewIterator(Family::kVectors, snapshot);
  return Scan(db, Family::kUnits, snapshot, [&](uint64_t id, std::string_view bytes) -> Result<bool> {
    SL_ASSIGN_OR_RETURN(StoredUnit unit, DecodeUnit(UnitId{id}, bytes));
    const std::string key = EncodeIdKey(id);
    while (vectors->Valid() && vectors->key().compare(key) < 0) vectors->Next();
    if (!vectors->status().ok()) return tl::unexpected(FromRocks(vectors->status(), "read vectors"));
    std::optional<std::vector<UnitVector>> own_vectors;
    if (vectors->Valid() && vectors->key() == key) {
      SL_ASSIGN_OR_RETURN(own_vectors, DecodeVectors(UnitId{id}, vectors->value().ToStringView()));
    }
    SL_ASSIGN_OR_RETURN(UnitRecord joined, JoinUnit(std::move(unit), std::move(own_vectors), dim));
    return visit(std::move(joined));
  });
}

}  // namespace sightline::storage
