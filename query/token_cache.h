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

/// What the fusion encoder read lately, within a budget of bytes; what was not used for longest goes first.
/// Thread-safe.
///
/// Note [Never stale]
/// Tokens are kept under the unit and the commit that wrote its record, and a search asks for the unit as it found it.
/// A unit that was replaced has another commit, so what was read of the old one is not found any more; one that was
/// removed is not asked for. Nobody has to tell the cache of changes.
class TokenCache {
 public:
  /// @param budget_bytes  of elements and scales; 0 keeps nothing.
  explicit TokenCache(size_t budget_bytes) : budget_bytes_(budget_bytes) {}

  /// Null when it is not there.
  SharedTokens Find(UnitId unit, Epoch written_at);

  /// Keeps `tokens`, unless they are bigger than the budget or those of a later commit are there.
  void Insert(UnitId unit, Epoch written_at, SharedTokens tokens);

  size_t budget_bytes() const { return budget_bytes_; }
  /// Of what is kept now.
  size_t size_bytes() const;

 private:
  struct Entry {
    UnitId unit;
    Epoch written_at;
    SharedTokens tokens;
  };
  using Order = std::list<Entry>;

  void Erase(Order::iterator entry);

  const size_t budget_bytes_;
  mutable std::mutex mutex_;
  Order newest_first_;
  std::unordered_map<UnitId, Order::iterator> by_unit_;
  size_t size_bytes_ = 0;
};

}  // namespace sightline::query
