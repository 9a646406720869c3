// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "storage/item_set_internal.h"

namespace sightline::storage {

uint64_t ItemSet::CountOf(uint64_t items) const {
  const uint64_t listed = std::min(listed_.cardinality(), items);
  return inverted_ ? items - listed : listed;
}

bool operator==(const ItemSet& a, const ItemSet& b) {
  // CRoaring's own comparison does not come to an end where one side has lost all of what it had.
  return a.inverted_ == b.inverted_ && a.listed_.cardinality() == b.listed_.cardinality() &&
         (a.listed_ - b.listed_).isEmpty();
}

ItemSet And(ItemSet a, const ItemSet& b) {
  if (!a.inverted_ && !b.inverted_) {
    a.listed_ &= b.listed_;
  } else if (a.inverted_ && b.inverted_) {
    a.listed_ |= b.listed_;
  } else if (b.inverted_) {
    a.listed_ -= b.listed_;
  } else {
    a = ItemSet(b.listed_ - a.listed_, false);
  }
  return a;
}

size_t ItemBounds::size_bytes() const {
  return sizeof(ItemBounds) + sure.listed().getSizeInBytes() + possible.listed().getSizeInBytes();
}

ItemMask::ItemMask(const ItemSet& items) : has_rest_(!items.lists_members()) {
  if (items.listed().isEmpty()) return;
  words_.assign(items.listed().maximum() / 64 + 1, has_rest_ ? ~uint64_t{0} : 0);
  for (const uint64_t id : items.listed()) words_[id / 64] ^= uint64_t{1} << (id % 64);
}

bool ItemMask::AnyIn(ItemId first, ItemId last) const {
  const uint64_t begin = first.value / 64;
  const uint64_t end = last.value / 64 + 1;
  if (end > words_.size() && has_rest_) return true;
  for (uint64_t word = begin; word < std::min<uint64_t>(end, words_.size()); ++word) {
    if (words_[word] != 0) return true;
  }
  return false;
}

}  // namespace sightline::storage
