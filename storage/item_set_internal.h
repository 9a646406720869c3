// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <roaring/roaring64map.hh>

#include "base/ids.h"

namespace sightline::storage {

/// A set of items, kept as those that are in it or as those that are not. Value.
class ItemSet {
 public:
  /// No items.
  ItemSet() = default;
  static ItemSet Of(Roaring64Map items) { return ItemSet(std::move(items), false); }
  static ItemSet All() { return ItemSet({}, true); }

  /// Whether it says which items are in it, not which are not.
  bool lists_members() const { return !inverted_; }
  /// Members, or else the items that are no members.
  const Roaring64Map& listed() const { return listed_; }

  bool Has(ItemId item) const { return listed_.contains(item.value) != inverted_; }
  bool IsAll() const { return inverted_ && listed_.isEmpty(); }
  /// Members among `items` items that there are. At most that, also when the set lists some that are gone.
  uint64_t CountOf(uint64_t items) const;

  friend bool operator==(const ItemSet& a, const ItemSet& b);
  friend ItemSet Not(ItemSet a) { return ItemSet(std::move(a.listed_), !a.inverted_); }
  friend ItemSet And(ItemSet a, const ItemSet& b);
  friend ItemSet Or(ItemSet a, const ItemSet& b) { return Not(And(Not(std::move(a)), Not(b))); }

 private:
  ItemSet(Roaring64Map listed, bool inverted) : listed_(std::move(listed)), inverted_(inverted) {}

  Roaring64Map listed_;
  bool inverted_ = false;
};

ItemSet And(ItemSet a, const ItemSet& b);

/// What terms say about a filter: the items that pass it lie between two sets.
struct ItemBounds {
  ItemSet sure;                       ///< These pass, whatever their records say.
  ItemSet possible = ItemSet::All();  ///< No others pass; those that are not sure must be looked up.

  bool is_exact() const { return sure == possible; }
  bool is_unknown() const { return possible.IsAll() && !sure.IsAll(); }
  size_t size_bytes() const;

  static ItemBounds Exactly(ItemSet items) { return {items, items}; }
  friend ItemBounds And(ItemBounds a, const ItemBounds& b) {
    return {And(std::move(a.sure), b.sure), And(std::move(a.possible), b.possible)};
  }
  friend ItemBounds Or(ItemBounds a, const ItemBounds& b) {
    return {Or(std::move(a.sure), b.sure), Or(std::move(a.possible), b.possible)};
  }
  friend ItemBounds Not(ItemBounds a) { return {Not(std::move(a.possible)), Not(std::move(a.sure))}; }
};

/// An ItemSet for loops over many rows: one bit per id, up to the largest that the set lists. Immutable.
class ItemMask {
 public:
  explicit ItemMask(const ItemSet& items);

  bool Has(ItemId item) const {
    const uint64_t word = item.value / 64;
    return word < words_.size() ? (words_[word] >> (item.value % 64) & 1) != 0 : has_rest_;
  }
  /// Whether any item of [first, last] may be in it.
  bool AnyIn(ItemId first, ItemId last) const;

 private:
  std::vector<uint64_t> words_;
  bool has_rest_;  ///< Whether the ids behind the words are in it.
};

}  // namespace sightline::storage
