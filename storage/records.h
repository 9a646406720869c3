// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/metadata.h"
#include "base/token_matrix.h"
#include "base/types.h"

namespace sightline::storage {

/// Identifies content: the first 16 bytes of a SHA-256 over it. All zero: none is known, and nothing looks it up.
using ContentHash = std::array<uint8_t, 16>;

/// One place where an item's content was found, and what makes a later run believe it is unchanged.
struct ItemPath {
  std::string path;  ///< UTF-8 where the file system is; absolute for files.
  uint64_t size_bytes = 0;
  /// When the file was last changed, nanoseconds since 1970: the later of modification and status change. 0: too recent
  /// to tell it from a change that follows, so the file must be looked at again.
  int64_t mtime_ns = 0;

  friend bool operator==(const ItemPath&, const ItemPath&) = default;
};

/// A picture, video or caption as the user sees it.
struct ItemRecord {
  ItemId id;
  std::vector<ItemPath> paths;  ///< At least one; more when identical content lies in several places. First is primary.
  ContentHash hash{};
  int width = 0;  ///< Pixels as shown; 0 for captions.
  int height = 0;
  int64_t added_at = 0;  ///< Seconds since 1970.
  Metadata metadata;
  std::vector<UnitId> units;

  friend bool operator==(const ItemRecord&, const ItemRecord&) = default;
};

/// One searchable vector of a unit: the unit's own, or that of one sampled frame.
struct UnitVector {
  std::optional<int64_t> frame_time_us;  ///< Absent: the unit's own embedding.
  Embedding embedding;                   ///< The collection's `dim` floats of unit length.

  friend bool operator==(const UnitVector&, const UnitVector&) = default;
};

/// What is embedded and searched. `vectors[0]` is the unit's own.
struct UnitRecord {
  UnitId id;
  ItemId item;
  UnitType type = UnitType::kImage;
  std::optional<TimeRange> range;  ///< Clips only.
  std::vector<UnitVector> vectors;
  /// The commit that wrote it: what is known of a unit holds while this stays. Set by the store; of no account in what
  /// is put and in comparisons.
  Epoch written_at{};

  friend bool operator==(const UnitRecord& a, const UnitRecord& b) {
    return a.id == b.id && a.item == b.item && a.type == b.type && a.range == b.range && a.vectors == b.vectors;
  }
};

/// A unit with everything that is stored beside it.
struct NewUnit {
  UnitRecord record;
  std::optional<TokenMatrix> tokens;  ///< Patches or token states; absent in a collection with patch storage `none`.
  std::vector<std::byte> thumbnail;   ///< JPEG; may be empty.
};

enum class JobState : uint8_t { kRunning = 1, kStopped = 2, kFinished = 3, kFailed = 4 };

/// One input that failed, with the reason a person reads.
struct JobError {
  std::string path;
  std::string reason;

  friend bool operator==(const JobError&, const JobError&) = default;
};

/// One run of the ingest pipeline.
struct JobRecord {
  JobId id;
  JobState state = JobState::kRunning;
  std::vector<std::string> inputs;  ///< As given: what resuming scans again.
  int64_t started_at = 0;           ///< Seconds since 1970.
  int64_t updated_at = 0;
  uint64_t items_added = 0;  ///< Durably committed.
  uint64_t items_unchanged = 0;
  uint64_t items_duplicate = 0;  ///< Content already there under another path, which was added to the item.
  uint64_t items_moved = 0;      ///< Content already there under a path that no longer exists.
  std::vector<JobError> errors;  ///< The first kMaxJobErrors.
  uint64_t error_count = 0;

  friend bool operator==(const JobRecord&, const JobRecord&) = default;
};

inline constexpr size_t kMaxJobErrors = 10'000;

}  // namespace sightline::storage
