// SPDX-License-Identifier: BSD-3-Clause
// Verification of the secondary index: its terms are those of the items.
#include <algorithm>
#include <functional>
#include <string>

#include "storage/record_store_internal.h"
#include "storage/term_keys.h"

namespace sightline::storage {
namespace {

/// Sums over sets of keys, in any order: sets that differ have different sums, as good as always.
struct Sum {
  uint64_t keys = 0;
  uint64_t hashes = 0;

  void Add(std::string_view key) {
    ++keys;
    hashes += std::hash<std::string_view>()(key);
  }
  friend bool operator==(const Sum&, const Sum&) = default;
};

class TermVerifier {
 public:
  TermVerifier(const RecordDb& db, const rocksdb::Snapshot* snapshot, const Limits& limits,
               const std::function<void(std::string)>& report)
      : db_(db), snapshot_(snapshot), limits_(limits), report_(report) {}

  Status Run() {
    Sum wanted;
    SL_RETURN_IF_ERROR(ForEachItem([&wanted](const ItemRecord&, const std::vector<std::string>& keys) -> Status {
      for (const std::string& key : keys) wanted.Add(key);
      return {};
    }));
    Sum found;
    SL_RETURN_IF_ERROR(ForEachTerm([&found](std::string_view key) -> Status {
      found.Add(key);
      return {};
    }));
    if (wanted == found) return {};
    SL_RETURN_IF_ERROR(ReportMissing());
    return ReportOrphans();
  }

 private:
  Status ForEachItem(const std::function<Status(const ItemRecord&, const std::vector<std::string>&)>& visit) {
    return Scan(db_, Family::kItems, snapshot_, [&](uint64_t id, std::string_view bytes) -> Result<bool> {
      SL_RETURN_IF_ERROR(limits_.Check("verify"));
      // Items that cannot be read are reported as such already.
      if (const auto item = DecodeItem(ItemId{id}, bytes)) SL_RETURN_IF_ERROR(visit(*item, TermKeysOf(*item)));
      return true;
    });
  }

  Status ForEachTerm(const std::function<Status(std::string_view)>& visit) {
    const auto iterator = db_.NewIterator(Family::kTerms, snapshot_);
    for (; iterator->Valid(); iterator->Next()) {
      SL_RETURN_IF_ERROR(limits_.Check("verify"));
      SL_RETURN_IF_ERROR(visit(iterator->key().ToStringView()));
    }
    if (iterator->status().ok()) return {};
    return tl::unexpected(FromRocks(iterator->status(), "read terms"));
  }

  Status ReportMissing() {
    return ForEachItem([this](const ItemRecord& item, const std::vector<std::string>& keys) -> Status {
      size_t there = 0;
      SL_RETURN_IF_ERROR(db_.GetMany(Family::kTerms, keys, snapshot_, [&there](size_t, std::string_view) -> Status {
        ++there;
        return {};
      }));
      if (there == keys.size()) return {};
      report_("item " + std::to_string(item.id.value) + ": " + std::to_string(keys.size() - there) + " of its " +
              std::to_string(keys.size()) + " terms are missing");
      return {};
    });
  }

  Status ReportOrphans() {
    return ForEachTerm([this](std::string_view key) -> Status {
      const auto id = ItemOfTermKey(key);
      if (!id) {
        report_(id.error().message);
        return {};
      }
      SL_ASSIGN_OR_RETURN(const auto bytes, db_.Get(Family::kItems, EncodeIdKey(id->value), snapshot_));
      const auto item = bytes ? DecodeItem(*id, *bytes) : Fail(ErrorCode::kNotFound, "");
      if (!item && item.error().code == ErrorCode::kCorruption) return {};
      const auto keys = item ? TermKeysOf(*item) : std::vector<std::string>();
      if (!std::binary_search(keys.begin(), keys.end(), key)) {
        report_("there is a term of item " + std::to_string(id->value) + ", which does not have that value");
      }
      return {};
    });
  }

  const RecordDb& db_;
  const rocksdb::Snapshot* snapshot_;
  const Limits& limits_;
  const std::function<void(std::string)>& report_;
};

}  // namespace

Status VerifyTerms(const RecordDb& db, const rocksdb::Snapshot* snapshot, const Limits& limits,
                   const std::function<void(std::string)>& report) {
  return TermVerifier(db, snapshot, limits, report).Run();
}

}  // namespace sightline::storage
