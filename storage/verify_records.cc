// SPDX-License-Identifier: BSD-3-Clause
// Verification of the records: every record decodes, and every reference between two of them holds both ways.
#include <algorithm>
#include <string>

#include "storage/record_store_internal.h"
#include "storage/write_checks.h"

namespace sightline::storage {
namespace {

constexpr size_t kMaxFindings = 1000;

std::string Name(std::string_view kind, uint64_t id) { return std::string(kind) + " " + std::to_string(id); }

/// Collects findings for one run.
class Findings {
 public:
  explicit Findings(VerifyReport& report) : report_(report) {}

  void Add(std::string what) {
    if (report_.findings.size() < kMaxFindings) {
      report_.findings.push_back({std::move(what)});
    } else if (report_.findings.size() == kMaxFindings) {
      report_.findings.push_back({"more findings, which are not listed"});
    }
  }
  void Require(bool holds, const std::string& what) {
    if (!holds) Add(what);
  }
  /// Adds the message of an error that speaks of broken data; other errors are the caller's to return.
  bool Take(const Error& error) {
    if (error.code != ErrorCode::kCorruption) return false;
    Add(error.message);
    return true;
  }

 private:
  VerifyReport& report_;
};

/// Walks one family whose keys are unit ids beside the walk over the units.
class Companion {
 public:
  Companion(const RecordDb& db, Family family, const rocksdb::Snapshot* snapshot, Findings& findings)
      : family_(family), iterator_(db.NewIterator(family, snapshot)), findings_(findings) {}

  /// The value of `key`, null when there is none. Whatever lies before it belongs to no unit.
  const rocksdb::Iterator* Seek(const std::string& key) {
    while (iterator_->Valid() && iterator_->key().compare(key) < 0) ReportOrphan();
    if (!iterator_->Valid() || iterator_->key() != key) return nullptr;
    return iterator_.get();
  }
  void Advance() { iterator_->Next(); }

  /// Reports what is left after the last unit.
  Status Finish() {
    while (iterator_->Valid()) ReportOrphan();
    if (iterator_->status().ok()) return {};
    Error error = FromRocks(iterator_->status(), "read " + std::string(NameOf(family_)));
    if (findings_.Take(error)) return {};
    return tl::unexpected(std::move(error));
  }

 private:
  void ReportOrphan() {
    const auto id = DecodeIdKey(iterator_->key().ToStringView());
    findings_.Add(std::string(NameOf(family_)) + " has a record of " +
                  (id ? Name("unit", *id) + ", which does not exist" : id.error().message));
    iterator_->Next();
  }

  Family family_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  Findings& findings_;
};

class RecordVerifier {
 public:
  RecordVerifier(const RecordDb& db, const rocksdb::Snapshot* snapshot, const Limits& limits, VerifyReport& report)
      : db_(db), snapshot_(snapshot), limits_(limits), report_(report), findings_(report) {}

  Status Run() {
    SL_RETURN_IF_ERROR(CheckChecksums());
    SL_RETURN_IF_ERROR(CheckConfigRecord());
    SL_RETURN_IF_ERROR(CheckItems());
    SL_RETURN_IF_ERROR(CheckUnits());
    SL_RETURN_IF_ERROR(CheckLookups(Family::kPaths));
    SL_RETURN_IF_ERROR(CheckLookups(Family::kHashes));
    SL_RETURN_IF_ERROR(CheckJobs());
    SL_RETURN_IF_ERROR(CheckTerms());
    return CheckCounts();
  }

 private:
  Status CheckChecksums() {
    const rocksdb::Status status = db_.db().VerifyChecksum();
    if (status.ok()) return {};
    Error error = FromRocks(status, "verify the checksums");
    if (findings_.Take(error)) return {};
    return tl::unexpected(std::move(error));
  }

  /// Calls `visit(key, value)` for all of a family; a part that cannot be read is a finding.
  template <typename Visit>
  Status Walk(Family family, Visit visit) {
    const auto iterator = db_.NewIterator(family, snapshot_);
    for (; iterator->Valid(); iterator->Next()) {
      SL_RETURN_IF_ERROR(limits_.Check("verify"));
      SL_RETURN_IF_ERROR(visit(iterator->key().ToStringView(), iterator->value().ToStringView()));
    }
    if (iterator->status().ok()) return {};
    Error error = FromRocks(iterator->status(), "read " + std::string(NameOf(family)));
    if (findings_.Take(error)) return {};
    return tl::unexpected(std::move(error));
  }

  /// Reads a record that another one refers to; nullopt when it is not there or not sound.
  template <typename Value, typename Decode>
  Result<std::optional<Value>> Read(Family family, const std::string& key, Decode decode) {
    const auto bytes = db_.Get(family, key, snapshot_);
    if (!bytes) {
      if (findings_.Take(bytes.error())) return std::optional<Value>();
      return tl::unexpected(bytes.error());
    }
    if (!*bytes) return std::optional<Value>();
    auto value = decode(std::string_view(**bytes));
    if (!value) return std::optional<Value>();
    return std::optional<Value>(*std::move(value));
  }

  Status CheckConfigRecord() {
    SL_ASSIGN_OR_RETURN(const auto config,
                        Read<CollectionConfig>(Family::kMeta, std::string(kConfigKey), DecodeConfig));
    if (config) {
      dim_ = config->dim;
    } else {
      findings_.Add("the collection's configuration is not there or cannot be read");
    }
    return {};
  }

  Status CheckItems() {
    return Walk(Family::kItems, [this](std::string_view key, std::string_view value) -> Status {
      const auto id = DecodeIdKey(key);
      const auto item = id ? DecodeItem(ItemId{*id}, value) : tl::unexpected(id.error());
      ++report_.items_checked;
      if (!item) return Note(item.error());
      largest_item_ = std::max(largest_item_, *id);
      return CheckItem(*item);
    });
  }

  Status CheckItem(const ItemRecord& item) {
    const std::string name = Name("item", item.id.value);
    for (UnitId unit : item.units) {
      SL_ASSIGN_OR_RETURN(const auto stored, Read<StoredUnit>(Family::kUnits, EncodeIdKey(unit.value),
                                                              [unit](auto bytes) { return DecodeUnit(unit, bytes); }));
      findings_.Require(stored && stored->record.item == item.id,
                        name + " lists " + Name("unit", unit.value) + ", which does not say so");
    }
    for (const ItemPath& path : item.paths) {
      SL_RETURN_IF_ERROR(CheckLookupOf(item.id, Family::kPaths, path.path, name + ": path " + path.path));
    }
    if (!IsSet(item.hash)) return {};
    const std::string hash(reinterpret_cast<const char*>(item.hash.data()), item.hash.size());
    return CheckLookupOf(item.id, Family::kHashes, hash, name + ": its content hash");
  }

  Status CheckLookupOf(ItemId item, Family family, const std::string& key, const std::string& what) {
    SL_ASSIGN_OR_RETURN(const auto found, Read<ItemId>(family, key, DecodeLookup));
    findings_.Require(found == item, what + " does not lead to it");
    return {};
  }

  Status CheckUnits() {
    Companion vectors(db_, Family::kVectors, snapshot_, findings_);
    Companion patches(db_, Family::kPatches, snapshot_, findings_);
    Companion thumbnails(db_, Family::kThumbnails, snapshot_, findings_);
    SL_RETURN_IF_ERROR(Walk(Family::kUnits, [&](std::string_view raw_key, std::string_view value) -> Status {
      const auto id = DecodeIdKey(raw_key);
      const auto unit = id ? DecodeUnit(UnitId{*id}, value) : tl::unexpected(id.error());
      ++report_.units_checked;
      const std::string key(raw_key);
      CheckVectors(vectors, key, unit);
      CheckTokens(patches, key, unit);
      CheckThumbnail(thumbnails, key, unit);
      if (!unit) return Note(unit.error());
      Count(*unit);
      return CheckOwner(*unit);
    }));
    SL_RETURN_IF_ERROR(vectors.Finish());
    SL_RETURN_IF_ERROR(patches.Finish());
    return thumbnails.Finish();
  }

  void Count(const StoredUnit& unit) {
    largest_unit_ = std::max(largest_unit_, unit.record.id.value);
    newest_ = std::max(newest_, unit.written_at);
    seen_.vectors += unit.vector_count;
    seen_.token_bytes += unit.token_bytes;
    seen_.thumbnail_bytes += unit.thumbnail_bytes;
  }

  Status CheckOwner(const StoredUnit& unit) {
    const ItemId owner = unit.record.item;
    if (!last_owner_ || last_owner_->id != owner) {
      SL_ASSIGN_OR_RETURN(last_owner_, Read<ItemRecord>(Family::kItems, EncodeIdKey(owner.value),
                                                        [owner](auto bytes) { return DecodeItem(owner, bytes); }));
    }
    const bool is_listed = last_owner_ && std::find(last_owner_->units.begin(), last_owner_->units.end(),
                                                    unit.record.id) != last_owner_->units.end();
    findings_.Require(is_listed, Name("unit", unit.record.id.value) + " belongs to " + Name("item", owner.value) +
                                     ", which does not list it");
    return {};
  }

  void CheckVectors(Companion& companion, const std::string& key, const Result<StoredUnit>& unit) {
    const rocksdb::Iterator* found = companion.Seek(key);
    if (unit && found == nullptr) findings_.Add(Name("unit", unit->record.id.value) + " has no stored vectors");
    if (found == nullptr) return;
    if (unit) {
      auto vectors = DecodeVectors(unit->record.id, found->value().ToStringView());
      const auto joined = vectors ? JoinUnit(*unit, *std::move(vectors), dim_) : tl::unexpected(vectors.error());
      if (!joined) findings_.Add(joined.error().message);
    }
    companion.Advance();
  }

  void CheckTokens(Companion& companion, const std::string& key, const Result<StoredUnit>& unit) {
    const rocksdb::Iterator* found = companion.Seek(key);
    if (unit) {
      const UnitId id = unit->record.id;
      uint64_t bytes = 0;
      if (found != nullptr) {
        const auto tokens = DecodeTokens(id, found->value().ToStringView());
        if (tokens) bytes = tokens->size_bytes();
        if (!tokens) findings_.Add(tokens.error().message);
      }
      findings_.Require(bytes == unit->token_bytes, Name("unit", id.value) + " has " + std::to_string(bytes) +
                                                        " bytes of tokens instead of " +
                                                        std::to_string(unit->token_bytes));
    }
    if (found != nullptr) companion.Advance();
  }

  void CheckThumbnail(Companion& companion, const std::string& key, const Result<StoredUnit>& unit) {
    const rocksdb::Iterator* found = companion.Seek(key);
    if (unit) {
      const UnitId id = unit->record.id;
      uint64_t bytes = 0;
      if (found != nullptr) {
        const auto jpeg = DecodeThumbnail(id, found->value().ToStringView());
        if (jpeg) bytes = jpeg->size();
        if (!jpeg) findings_.Add(jpeg.error().message);
      }
      findings_.Require(bytes == unit->thumbnail_bytes, Name("unit", id.value) + " has a thumbnail of " +
                                                            std::to_string(bytes) + " bytes instead of " +
                                                            std::to_string(unit->thumbnail_bytes));
    }
    if (found != nullptr) companion.Advance();
  }

  Status CheckLookups(Family family) {
    return Walk(family, [this, family](std::string_view key, std::string_view value) -> Status {
      const auto id = DecodeLookup(value);
      if (!id) return Note(id.error());
      SL_ASSIGN_OR_RETURN(const auto item, Read<ItemRecord>(Family::kItems, EncodeIdKey(id->value),
                                                            [&id](auto bytes) { return DecodeItem(*id, bytes); }));
      const bool has_it = item && (family == Family::kPaths
                                       ? std::any_of(item->paths.begin(), item->paths.end(),
                                                     [key](const ItemPath& path) { return path.path == key; })
                                       : std::equal(item->hash.begin(), item->hash.end(), key.begin(), key.end(),
                                                    [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); }));
      findings_.Require(has_it, "an entry of " + std::string(NameOf(family)) + " leads to " + Name("item", id->value) +
                                    ", which does not have it");
      return {};
    });
  }

  Status CheckJobs() {
    return Walk(Family::kJobs, [this](std::string_view key, std::string_view value) -> Status {
      const auto id = DecodeIdKey(key);
      const auto job = id ? DecodeJob(JobId{*id}, value) : tl::unexpected(id.error());
      return job ? Status() : Note(job.error());
    });
  }

  Status CheckTerms() {
    const auto add = [this](std::string what) { findings_.Add(std::move(what)); };
    const Status checked = VerifyTerms(db_, snapshot_, limits_, add);
    return checked ? checked : Note(checked.error());
  }

  Status CheckCounts() {
    SL_ASSIGN_OR_RETURN(const auto state, Read<CollectionState>(Family::kMeta, std::string(kStateKey), DecodeState));
    SL_ASSIGN_OR_RETURN(const auto counters,
                        Read<IdCounters>(Family::kMeta, std::string(kCountersKey), DecodeCounters));
    seen_.items = report_.items_checked;
    seen_.units = report_.units_checked;
    if (state) seen_.epoch = state->epoch;
    findings_.Require(state == seen_, "the stored counts are not those of the records");
    findings_.Require(state && state->epoch >= newest_, "a unit is newer than the collection");
    findings_.Require(counters && counters->next_item > largest_item_ && counters->next_unit > largest_unit_,
                      "an id is in use that was never reserved");
    return {};
  }

  /// Broken data is a finding; anything else ends the run.
  Status Note(const Error& error) {
    if (findings_.Take(error)) return {};
    return tl::unexpected(error);
  }

  const RecordDb& db_;
  const rocksdb::Snapshot* snapshot_;
  const Limits& limits_;
  VerifyReport& report_;
  Findings findings_;

  uint32_t dim_ = 0;
  CollectionState seen_;
  Epoch newest_;
  uint64_t largest_item_ = 0;
  uint64_t largest_unit_ = 0;
  std::optional<ItemRecord> last_owner_;
};

}  // namespace

Status VerifyRecords(const RecordDb& db, const rocksdb::Snapshot* snapshot, const Limits& limits,
                     VerifyReport& report) {
  return RecordVerifier(db, snapshot, limits, report).Run();
}

}  // namespace sightline::storage
