// SPDX-License-Identifier: BSD-3-Clause
#include "query/token_cache.h"

#include <iterator>
#include <utility>

namespace sightline::query {

size_t TokenPool::size_bytes() const {
  const std::lock_guard lock(mutex_);
  return size_bytes_;
}

void TokenPool::Erase(Order::iterator entry) {
  const size_t bytes = entry->tokens->size_bytes();
  size_bytes_ -= bytes;
  entry->cache->size_bytes_ -= bytes;
  entry->cache->by_unit_.erase(entry->unit);
  newest_first_.erase(entry);
}

TokenCache::~TokenCache() {
  const std::lock_guard lock(pool_->mutex_);
  while (!by_unit_.empty()) pool_->Erase(by_unit_.begin()->second);
}

SharedTokens TokenCache::Find(UnitId unit, Epoch written_at) {
  const std::lock_guard lock(pool_->mutex_);
  const auto found = by_unit_.find(unit);
  if (found == by_unit_.end() || found->second->written_at != written_at) return nullptr;
  TokenPool::Order& order = pool_->newest_first_;
  order.splice(order.begin(), order, found->second);
  return found->second->tokens;
}

void TokenCache::Insert(UnitId unit, Epoch written_at, SharedTokens tokens) {
  const size_t bytes = tokens->size_bytes();
  if (bytes > pool_->budget_bytes_) return;
  const std::lock_guard lock(pool_->mutex_);
  if (const auto found = by_unit_.find(unit); found != by_unit_.end()) {
    if (found->second->written_at > written_at) return;
    pool_->Erase(found->second);
  }
  TokenPool::Order& order = pool_->newest_first_;
  while (pool_->size_bytes_ + bytes > pool_->budget_bytes_) pool_->Erase(std::prev(order.end()));
  order.push_front({this, unit, written_at, std::move(tokens)});
  by_unit_.emplace(unit, order.begin());
  pool_->size_bytes_ += bytes;
  size_bytes_ += bytes;
}

size_t TokenCache::size_bytes() const {
  const std::lock_guard lock(pool_->mutex_);
  return size_bytes_;
}

}  // namespace sightline::query
