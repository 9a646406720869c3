// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/ids.h"
#include "base/token_matrix.h"

namespace sightline::query {

/// Patches or token states, as stored, shared by all who read them.
using SharedTokens = std::shared_ptr<const TokenMatrix>;

class TokenCache;

/// The budget of bytes that the caches of one process share, and the order in which what they keep was used: what was
/// not used for longest goes first, whichever collection it belongs to. Thread-safe.
class TokenPool {
 public:
  /// @param budget_bytes  of elements and scales; 0 keeps nothing.
  explicit TokenPool(size_t budget_bytes) : budget_bytes_(budget_bytes) {}
  TokenPool(const TokenPool&) = delete;
  TokenPool& operator=(const TokenPool&) = delete;

  size_t budget_bytes() const { return budget_bytes_; }
  /// Of what all caches keep now.
  size_t size_bytes() const;

 private:
  friend class TokenCache;
  struct Entry {
    TokenCache* cache;
    UnitId unit;
    Epoch written_at;
    SharedTokens tokens;
  };
  using Order = std::list<Entry>;

  void Erase(Order::iterator entry);

  const size_t budget_bytes_;
  mutable std::mutex mutex_;  ///< Of the members below, and of those of the caches.
  Order newest_first_;
  size_t size_bytes_ = 0;
};

/// What the fusion encoder read lately of one collection, within the budget of its pool. Thread-safe. What it keeps
/// goes with it.
///
/// Note [Never stale]
/// Tokens are kept under the unit and the commit that wrote its record, and a search asks for the unit as it found it.
/// A unit that was replaced has another commit, so what was read of the old one is not found any more; one that was
/// removed is not asked for. Nobody has to tell the cache of changes.
class TokenCache {
 public:
  explicit TokenCache(std::shared_ptr<TokenPool> pool) : pool_(std::move(pool)) {}
  /// Alone in a pool of its own.
  explicit TokenCache(size_t budget_bytes) : TokenCache(std::make_shared<TokenPool>(budget_bytes)) {}
  ~TokenCache();
  TokenCache(const TokenCache&) = delete;
  TokenCache& operator=(const TokenCache&) = delete;

  /// Null when it is not there.
  SharedTokens Find(UnitId unit, Epoch written_at);

  /// Keeps `tokens`, unless they are bigger than the budget or those of a later commit are there.
  void Insert(UnitId unit, Epoch written_at, SharedTokens tokens);

  /// Of what it keeps now.
  size_t size_bytes() const;

 private:
  friend class TokenPool;

  const std::shared_ptr<TokenPool> pool_;
  // Under the pool's mutex.
  std::unordered_map<UnitId, TokenPool::Order::iterator> by_unit_;
  size_t size_bytes_ = 0;
};

}  // namespace sightline::query
