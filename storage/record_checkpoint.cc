// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <string>
#include <system_error>

#include <rocksdb/utilities/checkpoint.h>

#include "base/guard.h"
#include "storage/record_store_internal.h"
#include "storage/rocksdb_record_store.h"

namespace sightline::storage {

Status RocksDbRecordStore::Checkpoint(const std::filesystem::path& out) const {
  return Guard("copy the records", [&]() -> Status {
    std::error_code ignored;
    if (std::filesystem::exists(out, ignored)) {
      return Fail(ErrorCode::kAlreadyExists, out.string() + ": is there already");
    }
    rocksdb::Checkpoint* raw = nullptr;
    rocksdb::Status status = rocksdb::Checkpoint::Create(&impl_->db->db(), &raw);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
    // What is in memory becomes tables first, so that hardly anything of the write-ahead log is copied.
    if (status.ok()) status = checkpoint->CreateCheckpoint(std::filesystem::absolute(out).string(), 0);
    if (!status.ok()) return tl::unexpected(FromRocks(status, "copy the records to " + out.string()));
    return {};
  });
}

Status RocksDbRecordStore::CheckTables() const {
  return Guard("check the records' files", [&]() -> Status {
    const rocksdb::Status status = impl_->db->db().VerifyChecksum();
    if (!status.ok()) return tl::unexpected(FromRocks(status, "check the records' files"));
    return {};
  });
}

}  // namespace sightline::storage
