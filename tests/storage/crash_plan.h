// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "storage/collection.h"

namespace sightline::testing {

/// One item that the crash writer puts: content and metadata follow from these three numbers.
struct PlannedItem {
  uint64_t batch = 0;  ///< Which batch added it.
  uint64_t index = 0;
  uint64_t version = 0;  ///< Grows when a later batch replaces it.

  std::string path() const;
};

/// What batch after batch does to a collection: adds, replaces and removes items, as a fixed sequence. The writer and
/// the test both walk it, so the test knows what must be there after any number of batches.
class CrashPlan {
 public:
  struct Batch {
    std::vector<PlannedItem> puts;
    std::vector<PlannedItem> removes;
  };

  /// Goes one batch further.
  Batch Advance();
  uint64_t batches() const { return batches_; }
  /// The items that exist after `batches()` batches, by path.
  const std::map<std::string, PlannedItem>& items() const { return items_; }

 private:
  uint64_t batches_ = 0;
  std::map<std::string, PlannedItem> items_;
};

storage::CollectionConfig CrashConfig();
/// Everything is sealed, merged and compacted all the time.
storage::IndexOptions CrashIndex(storage::IndexKind kind);
/// Small buffers, so that flushes and compactions happen within a short run.
storage::OpenOptions CrashOptions();

/// How many batches the collection holds, by its own account: the job record that every batch puts.
Result<uint64_t> CommittedBatches(const storage::Collection& collection);

/// The commit for the batch that `plan` just made; allocates the ids of new items.
Result<storage::WriteSet> ToWriteSet(const CrashPlan& plan, const CrashPlan::Batch& batch,
                                     storage::Collection& collection);

/// Everything in which the collection differs from the plan after `batches` batches; empty when it is all there, whole,
/// and nothing else is.
std::vector<std::string> Differences(const storage::Collection& collection, uint64_t batches);

}  // namespace sightline::testing
