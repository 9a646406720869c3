// SPDX-License-Identifier: BSD-3-Clause
#include <limits>
#include <string>

#include "storage/record_codec.h"
#include "storage/record_store_internal.h"
#include "storage/term_index_internal.h"
#include "storage/term_keys.h"

namespace sightline::storage {
namespace {

constexpr size_t kItemsPerBatch = 1000;
constexpr uint64_t kAllItems = std::numeric_limits<uint64_t>::max();

Status Put(const RecordDb& db, rocksdb::WriteBatch& batch, Family family, std::string_view key,
           std::string_view value) {
  const auto status =
      batch.Put(db.handle(family), rocksdb::Slice(key.data(), key.size()), rocksdb::Slice(value.data(), value.size()));
  if (!status.ok()) return tl::unexpected(FromRocks(status, "write terms"));
  return {};
}

/// The items below it have their terms. 0 also when nothing is known, or what there is was made by other rules.
Result<uint64_t> FilledBelow(const RecordDb& db) {
  SL_ASSIGN_OR_RETURN(const auto stored, db.Get(Family::kMeta, kTermsKey));
  return stored ? DecodeTermsFilled(*stored).value_or(0) : 0;
}

/// Writes a batch and what it makes true.
Status WriteFilled(RecordDb& db, rocksdb::WriteBatch& batch, uint64_t below, bool sync) {
  SL_RETURN_IF_ERROR(Put(db, batch, Family::kMeta, kTermsKey, EncodeTermsFilled(below)));
  SL_RETURN_IF_ERROR(db.Write(batch, sync));
  batch.Clear();
  return {};
}

Status RemoveTerms(RecordDb& db) {
  rocksdb::WriteBatch batch;
  // No term starts with a length of 255.
  const auto status = batch.DeleteRange(db.handle(Family::kTerms), rocksdb::Slice("", 0), rocksdb::Slice("\xFF", 1));
  if (!status.ok()) return tl::unexpected(FromRocks(status, "remove the terms"));
  return WriteFilled(db, batch, 0, false);
}

}  // namespace

std::string AllTermsFilled() { return EncodeTermsFilled(kAllItems); }

Status FillTerms(RecordDb& db, bool sync) {
  SL_ASSIGN_OR_RETURN(const uint64_t filled_below, FilledBelow(db));
  if (filled_below == kAllItems) return {};
  // What a program of other rules left would stay for ever.
  if (filled_below == 0) SL_RETURN_IF_ERROR(RemoveTerms(db));
  rocksdb::WriteBatch batch;
  size_t items = 0;
  const auto fill = [&](uint64_t id, std::string_view bytes) -> Result<bool> {
    if (id < filled_below) return true;
    // A record that cannot be read is for `verify` to report, and no reason to refuse the others.
    const auto item = DecodeItem(ItemId{id}, bytes);
    const auto keys = item ? TermKeysOf(*item) : std::vector<std::string>();
    for (const std::string& key : keys) SL_RETURN_IF_ERROR(Put(db, batch, Family::kTerms, key, ""));
    if (++items % kItemsPerBatch == 0) SL_RETURN_IF_ERROR(WriteFilled(db, batch, id + 1, false));
    return true;
  };
  SL_RETURN_IF_ERROR(Scan(db, Family::kItems, nullptr, fill));
  return WriteFilled(db, batch, kAllItems, sync);
}

Status RebuildTerms(RecordDb& db, bool sync) {
  rocksdb::WriteBatch batch;
  SL_RETURN_IF_ERROR(WriteFilled(db, batch, 0, false));
  return FillTerms(db, sync);
}

}  // namespace sightline::storage
