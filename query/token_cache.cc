// SPDX-License-Identifier: BSD-3-Clause
#include "query/token_cache.h"

#include <utility>

namespace sightline::query {

SharedTokens TokenCache::Find(UnitId unit, Epoch written_at) {
  const std::lock_guard lock(mutex_);
  const auto found = by_unit_.find(unit);
  if (found == by_unit_.end() || found->second->written_at != written_at) return nullptr;
  newest_first_.splice(newest_first_.begin(), newest_first_, found->second);
  return found->second->tokens;
}

void TokenCache::Insert(UnitId unit, Epoch written_at, SharedTokens tokens) {
  const size_t bytes = tokens->size_bytes();
  if (bytes > budget_bytes_) return;
  const std::lock_guard lock(mutex_);
  if (const auto found = by_unit_.find(unit); found != by_unit_.end()) {
    if (found->second->written_at > written_at) return;
    Erase(found->second);
  }
  while (size_bytes_ + bytes > budget_bytes_) Erase(std::prev(newest_first_.end()));
  newest_first_.push_front({unit, written_at, std::move(tokens)});
  by_unit_.emplace(unit, newest_first_.begin());
  size_bytes_ += bytes;
}

size_t TokenCache::size_bytes() const {
  const std::lock_guard lock(mutex_);
  return size_bytes_;
}

void TokenCache::Erase(Order::iterator entry) {
  size_bytes_ -= entry->tokens->size_bytes();
  by_unit_.erase(entry->unit);
  newest_first_.erase(entry);
}

}  // namespace sightline::query
