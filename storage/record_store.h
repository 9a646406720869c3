// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "storage/records.h"

namespace sightline::storage {

/// What one commit changes, all or nothing. Ids come from RecordStore::AllocateIds.
struct WriteSet {
  std::vector<ItemRecord> put_items;  ///< New or replaced; `units` lists exactly the units that exist after the commit.
  std::vector<NewUnit> put_units;     ///< New units, or replaced ones (same id).
  std::vector<ItemId> remove_items;   ///< With all their units. An id that does not exist is ignored.
  std::optional<JobRecord> put_job;

  bool empty() const { return put_items.empty() && put_units.empty() && remove_items.empty() && !put_job; }
};

/// First id of a run of consecutive new ids.
struct AllocatedIds {
  ItemId first_item;
  UnitId first_unit;
};

/// The truth of a collection: items, units, tokens, thumbnails and jobs. Thread-safe. All calls do I/O except where the
/// page cache answers. Every call may fail with kCorruption (a stored record contradicts its format),
/// kResourceExhausted (disk full, too many open files) or kUnavailable (I/O error), beyond what its comment says.
class RecordStore {
 public:
  virtual ~RecordStore() = default;

  /// Reserves ids that no other caller gets, now or after a crash. Cheap: blocks of ids are reserved durably at a time.
  virtual Result<AllocatedIds> AllocateIds(uint64_t items, uint64_t units) = 0;

  /// Applies `changes` atomically. When it returns a value, the changes are durable (synced write-ahead log) and seen
  /// by every later read. An empty `changes` gives the current epoch. Errors: kInvalidArgument (an embedding of the
  /// wrong length, a unit that no item lists or the other way round, an id that was never allocated, a path or a hash
  /// that another item keeps; write_checks.h has the rest): nothing changed.
  virtual Result<Epoch> Commit(const WriteSet& changes) = 0;

  /// One entry per id, in order; absent ids give nullopt.
  virtual Result<std::vector<std::optional<ItemRecord>>> GetItems(std::span<const ItemId> ids) const = 0;
  virtual Result<std::vector<std::optional<UnitRecord>>> GetUnits(std::span<const UnitId> ids) const = 0;
  /// Patches or token states; nullopt where none are stored.
  virtual Result<std::vector<std::optional<TokenMatrix>>> GetTokens(std::span<const UnitId> ids) const = 0;
  /// JPEG bytes; nullopt where none are stored.
  virtual Result<std::vector<std::optional<std::vector<std::byte>>>> GetThumbnails(
      std::span<const UnitId> ids) const = 0;

  /// The item that has this path or this content. nullopt when there is none.
  virtual Result<std::optional<ItemId>> FindItem(std::string_view path) const = 0;
  virtual Result<std::optional<ItemId>> FindItem(const ContentHash& hash) const = 0;
};

}  // namespace sightline::storage
