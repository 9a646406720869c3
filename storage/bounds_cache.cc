// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include "storage/term_index_internal.h"

namespace sightline::storage {

BoundsCache::Bounds BoundsCache::Find(const std::string& key, Epoch epoch) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const Entry& entry = *found->second;
  // What was too much to read stays so for a while, and is only ever a question of cost.
  const bool is_fresh = entry.epoch == epoch || (entry.bounds->is_unknown() && entry.epoch.value + 1000 > epoch.value);
  if (!is_fresh) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->bounds;
}

void BoundsCache::Put(const std::string& key, Epoch epoch, Bounds bounds) {
  // The key is kept twice.
  const size_t bytes = bounds->size_bytes() + 2 * key.size() + sizeof(Entry);
  const std::lock_guard lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    // A slow search may come back with what was true before.
    if (found->second->epoch > epoch) return;
    Erase(found->second);
  }
  if (bytes > most_bytes_) return;
  while (bytes_ + bytes > most_bytes_) Erase(std::prev(entries_.end()));
  entries_.push_front({key, epoch, std::move(bounds), bytes});
  by_key_[key] = entries_.begin();
  bytes_ += bytes;
}

void BoundsCache::Clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  by_key_.clear();
  bytes_ = 0;
}

void BoundsCache::Erase(std::list<Entry>::iterator entry) {
  bytes_ -= entry->bytes;
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace sightline::storage
