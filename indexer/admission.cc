// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/admission.h"

namespace sightline::indexer {

// First what is on its way, then what is stored: what leaves the first is in the second by then.
Status Admission::Admit(WorkItem& item) {
  if (item.state != WorkState::kNewContent) return {};
  bool known = !Insert(item.hash);
  if (!known) {
    SL_ASSIGN_OR_RETURN(known, preparer_.IsKnown(item.hash));
  }
  if (known) {
    item.state = WorkState::kKnownContent;
    item.units.clear();
  }
  return {};
}

void Admission::Land(const std::vector<storage::ContentHash>& hashes) {
  std::lock_guard lock(mutex_);
  for (const storage::ContentHash& hash : hashes) on_their_way_.erase(hash);
}

bool Admission::Insert(const storage::ContentHash& hash) {
  std::lock_guard lock(mutex_);
  return on_their_way_.insert(hash).second;
}

}  // namespace sightline::indexer
