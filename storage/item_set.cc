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

ItemMask::ItemMask(const ItemSet& items, ItemId largest)
    : words_(largest.value / 64 + 1, items.lists_members() ? 0 : ~uint64_t{0}) {
  for (const uint64_t id : items.listed()) {
    if (id > largest.value) break;
    words_[id / 64] ^= uint64_t{1} << (id % 64);
  }
}

bool ItemMask::AnyIn(ItemId first, ItemId last) const {
  const auto begin = words_.begin() + static_cast<std::ptrdiff_t>(first.value / 64);
  const auto end = words_.begin() + static_cast<std::ptrdiff_t>(last.value / 64 + 1);
  return std::any_of(begin, end, [](uint64_t word) { return word != 0; });
}

}  // namespace sightline::storage
