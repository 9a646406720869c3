// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <mutex>
#include <set>
#include <vector>

#include "base/result.h"
#include "indexer/preparer.h"
#include "indexer/work_item.h"
#include "storage/records.h"

namespace sightline::indexer {

/// Lets each content through to the encoder once, however many files of a run have it. Thread-safe.
class Admission {
 public:
  /// The preparer must outlive it.
  explicit Admission(const Preparer& preparer) : preparer_(preparer) {}

  /// An item whose content came up since a worker looked, stored or on its way, becomes kKnownContent without units.
  /// Errors: RecordStore's read errors.
  Status Admit(WorkItem& item);

  /// What was committed, or given up, is no longer on its way.
  void Land(const std::vector<storage::ContentHash>& hashes);

 private:
  bool Insert(const storage::ContentHash& hash);

  const Preparer& preparer_;
  std::mutex mutex_;
  std::set<storage::ContentHash> on_their_way_;
};

}  // namespace sightline::indexer
