// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <mutex>
#include <stop_token>

#include "base/result.h"
#include "indexer/indexer.h"
#include "indexer/scanner.h"
#include "indexer/work_item.h"
#include "storage/record_store.h"

namespace sightline::indexer {

/// The stage between scan and encoder: looks at a file, skips what is known, reads what is not once, and makes model
/// pixels and a thumbnail of it. Thread-safe: the workers share one.
class Preparer {
 public:
  /// @param records  must outlive the preparer.   @param image_res  pixels per side of the model input.
  Preparer(const storage::RecordStore& records, int image_res, const IndexOptions& options)
      : records_(records), image_res_(image_res), options_(options) {}

  /// Blocking I/O and decoding. What is wrong with the file makes a kFailed item, a stop request a kSkipped one.
  /// Errors: those of the record store.
  Result<WorkItem> Prepare(const ScanEntry& entry, std::stop_token stop) const;

  /// As Prepare, but reads and decodes the file whatever the collection knows of it: kNewContent, kFailed or kSkipped.
  WorkItem PrepareAnew(const std::filesystem::path& path, std::stop_token stop) const;

  /// Whether the collection has `location`'s path with that size and time (Note [Unchanged files]). Errors: those of
  /// the record store.
  Result<bool> IsUnchanged(const storage::ItemPath& location) const;

  /// Looks at the file without opening it: fills size and time, or makes a kFailed item.
  static WorkItem Look(const std::filesystem::path& path);

 private:
  using Bytes = std::shared_ptr<const std::vector<std::byte>>;

  Bytes Read(WorkItem& item) const;
  void Decode(WorkItem& item, const Bytes& bytes, std::unique_lock<std::mutex>& big_lane, std::stop_token stop) const;
  std::unique_lock<std::mutex> LaneForSize(uint64_t size_bytes) const;

  const storage::RecordStore& records_;
  const int image_res_;
  const IndexOptions options_;
  mutable std::mutex big_lane_;  ///< Held by the one big picture that may be in memory (Note [Memory]).
};

}  // namespace sightline::indexer
