// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include "base/check.h"
#include "base/log.h"
#include "base/open_files.h"
#include "storage/record_db_internal.h"

namespace sightline::storage {
namespace {

bool Mentions(const std::string& message, int error_number) {
  return message.find(std::strerror(error_number)) != std::string::npos;
}

ErrorCode CodeOf(const rocksdb::Status& status, const std::string& message) {
  // RocksDB knows one subcode of errno only; the others are told by the words that it copies from strerror.
  if (status.IsNoSpace() || status.IsMemoryLimit()) return ErrorCode::kResourceExhausted;
  for (int error_number : {ENOSPC, EDQUOT, EFBIG, EMFILE, ENFILE, ENOMEM}) {
    if (Mentions(message, error_number)) return ErrorCode::kResourceExhausted;
  }
  if (status.IsPathNotFound() || status.IsNotFound()) return ErrorCode::kNotFound;
  if (status.IsCorruption()) return ErrorCode::kCorruption;
  if (status.IsIOError() || status.IsBusy() || status.IsTryAgain() || status.IsTimedOut()) {
    return ErrorCode::kUnavailable;
  }
  return ErrorCode::kInternal;
}

/// RocksDB's own messages as lines of our log. Its log file would fill with the disk, and Debian's build ends the
/// process when a write to that file fails twice.
class LogForwarder : public rocksdb::Logger {
 public:
  LogForwarder() : Logger(rocksdb::WARN_LEVEL) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    std::array<char, 1024> line;
    std::vsnprintf(line.data(), line.size(), format, arguments);
    // What matters comes back as an error; this is for who looks for more.
    Log(LogLevel::kInfo, std::string("RocksDB: ") + line.data());
  }
};

// What a process opens beside tables: the log, the manifest, the model, media, standard streams.
constexpr uint64_t kOtherFiles = 32;
// Fewer tables than this RocksDB does not take.
constexpr uint64_t kFewestTables = 20;

Status CheckOpenFiles(const std::filesystem::path& path) {
  if (OpenFileLimit() >= kOtherFiles + kFewestTables) return {};
  return Fail(ErrorCode::kResourceExhausted, path.string() + ": a collection needs at least " +
                                                 std::to_string(kOtherFiles + kFewestTables) + " open files, and " +
                                                 DescribeOpenFileLimit());
}

bool HoldsBigValues(Family family) { return family == Family::kPatches || family == Family::kThumbnails; }

rocksdb::BlockBasedTableOptions TableOptions(Family family, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.checksum = rocksdb::kXXH3;  // CRC-32C runs in software in Debian's build (90 us per patch record).
  table.format_version = 5;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = HoldsBigValues(family) ? 64 << 10 : 16 << 10;
  if (!HoldsBigValues(family)) table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  return table;
}

/// Patches, vectors and JPEG bytes do not compress.
bool Compresses(Family family) { return !HoldsBigValues(family) && family != Family::kVectors; }

rocksdb::ColumnFamilyOptions FamilyOptions(Family family, const OpenOptions& options,
                                           const std::shared_ptr<rocksdb::Cache>& records,
                                           const std::shared_ptr<rocksdb::Cache>& patches) {
  rocksdb::ColumnFamilyOptions result;
  result.compression = Compresses(family) ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  result.write_buffer_size = options.write_buffer_bytes / (HoldsBigValues(family) ? 2 : 8);
  result.level_compaction_dynamic_level_bytes = true;
  result.table_factory.reset(
      rocksdb::NewBlockBasedTableFactory(TableOptions(family, HoldsBigValues(family) ? patches : records)));
  return result;
}

rocksdb::DBOptions DatabaseOptions(const OpenOptions& options, bool create) {
  rocksdb::DBOptions result;
  result.create_if_missing = create;
  result.error_if_exists = create;
  result.create_missing_column_families = true;
  result.max_background_jobs = std::max(2, options.background_threads);
  const uint64_t tables = OpenFileLimit() - std::min(OpenFileLimit(), kOtherFiles);
  result.max_open_files = static_cast<int>(std::min<uint64_t>(tables, static_cast<uint64_t>(options.max_open_files)));
  result.db_write_buffer_size = options.write_buffer_bytes;
  result.max_total_wal_size = 2 * options.write_buffer_bytes;
  // A torn tail is what a crash leaves: recovery takes everything before it, and that is everything acknowledged.
  result.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  result.track_and_verify_wals_in_manifest = true;
  result.info_log = std::make_shared<LogForwarder>();
  result.stats_dump_period_sec = 0;
  result.stats_persist_period_sec = 0;
  return result;
}

}  // namespace

std::string_view NameOf(Family family) {
  switch (family) {
    case Family::kItems:
      return "items";
    case Family::kUnits:
      return "units";
    case Family::kVectors:
      return "vectors";
    case Family::kPatches:
      return "patches";
    case Family::kThumbnails:
      return "thumbnails";
    case Family::kJobs:
      return "jobs";
    case Family::kPaths:
      return "paths";
    case Family::kHashes:
      return "hashes";
    case Family::kMeta:
      return "meta";
    case Family::kChanges:
      return "changes";
    case Family::kTerms:
      return "terms";
  }
  CheckFailed("NameOf: not a Family", __FILE__, __LINE__);
}

Error FromRocks(const rocksdb::Status& status, std::string_view what) {
  const std::string message = status.ToString();
  Error error{CodeOf(status, message), "cannot " + std::string(what) + ": " + message};
  if (Mentions(message, EMFILE)) error.message += ": " + DescribeOpenFileLimit();
  return error;
}

Result<std::unique_ptr<RecordDb>> RecordDb::Open(const std::filesystem::path& path, const OpenOptions& options,
                                                 bool create) {
  const auto records = rocksdb::NewLRUCache(options.block_cache_bytes / 2);
  const auto patches = rocksdb::NewLRUCache(options.block_cache_bytes / 2);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (Family family : kAllFamilies) {
    families.emplace_back(std::string(NameOf(family)), FamilyOptions(family, options, records, patches));
  }
  const rocksdb::ColumnFamilyDescriptor unused(rocksdb::kDefaultColumnFamilyName,
                                               FamilyOptions(Family::kMeta, options, records, patches));
  std::vector<rocksdb::ColumnFamilyDescriptor> to_open = {unused};
  if (!create) to_open.insert(to_open.end(), families.begin(), families.end());
  SL_RETURN_IF_ERROR(CheckOpenFiles(path));
  std::unique_ptr<RecordDb> opened(new RecordDb(path, options));
  rocksdb::DB* raw = nullptr;
  // RocksDB makes it as well, but first it tells its log that it is not there, as an error.
  std::error_code told_by_open;
  if (create) std::filesystem::create_directory(path, told_by_open);
  rocksdb::Status status =
      rocksdb::DB::Open(DatabaseOptions(options, create), path.string(), to_open, &opened->handles_, &raw);
  opened->db_.reset(raw);
  if (status.ok() && create) {
    // All at once: DB::Open would make them one by one, each with its own syncs.
    std::vector<rocksdb::ColumnFamilyHandle*> made;
    status = raw->CreateColumnFamilies(families, &made);
    opened->handles_.insert(opened->handles_.end(), made.begin(), made.end());
  }
  if (status.ok()) return opened;
  Error error = FromRocks(status, "open the records in " + path.string());
  // A collection is there, so whatever RocksDB misses was lost.
  const bool is_missing = error.code == ErrorCode::kNotFound || status.IsInvalidArgument();
  if (!create && is_missing) error.code = ErrorCode::kCorruption;
  return tl::unexpected(std::move(error));
}

RecordDb::~RecordDb() {
  if (db_ == nullptr) return;
  // A clean end leaves an empty log, so that the next opening has nothing to replay and the disk does not hold things
  // twice. What cannot be written now is in the log.
  db_->Flush(rocksdb::FlushOptions(), handles_).PermitUncheckedError();
  for (rocksdb::ColumnFamilyHandle* each : handles_) db_->DestroyColumnFamilyHandle(each).PermitUncheckedError();
  db_->Close().PermitUncheckedError();
}

Result<std::optional<std::string>> RecordDb::Get(Family family, std::string_view key,
                                                 const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::string value;
  const rocksdb::Status status = db_->Get(options, handle(family), rocksdb::Slice(key.data(), key.size()), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return tl::unexpected(FromRocks(status, "read " + std::string(NameOf(family))));
  return std::optional(std::move(value));
}

void RecordDb::GetChunk(Family family, const std::string* keys, size_t count, const rocksdb::Snapshot* snapshot,
                        rocksdb::PinnableSlice* values, rocksdb::Status* statuses) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::array<rocksdb::Slice, kChunk> slices;
  for (size_t i = 0; i < count; ++i) slices[i] = keys[i];
  db_->MultiGet(options, handle(family), count, slices.data(), values, statuses);
}

std::unique_ptr<rocksdb::Iterator> RecordDb::NewIterator(Family family, const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.fill_cache = false;
  options.readahead_size = 2 << 20;
  std::unique_ptr<rocksdb::Iterator> iterator(db_->NewIterator(options, handle(family)));
  iterator->SeekToFirst();
  return iterator;
}

Status RecordDb::Write(rocksdb::WriteBatch& batch, bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  const rocksdb::Status status = db_->Write(options, &batch);
  if (!status.ok()) return tl::unexpected(FromRocks(status, "write the records"));
  return {};
}

}  // namespace sightline::storage
