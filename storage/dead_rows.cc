// SPDX-License-Identifier: BSD-3-Clause
#include "storage/dead_rows.h"

#include <algorithm>
#include <bit>
#include <new>

#include <roaring/roaring.h>

namespace sightline::storage {
namespace {

struct FreeBitmap {
  void operator()(roaring_bitmap_t* bitmap) const { roaring_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<roaring_bitmap_t, FreeBitmap>;

}  // namespace

DeadRows::DeadRows(size_t rows) : rows_(rows), blocks_((rows + kBlockRows - 1) / kBlockRows) {}

void DeadRows::Add(std::span<const uint32_t> rows) {
  for (size_t i = 0; i < rows.size();) {
    const size_t index = rows[i] / kBlockRows;
    std::shared_ptr<const Block>& shared = blocks_[index];
    const auto own = shared != nullptr ? std::make_shared<Block>(*shared) : std::make_shared<Block>();
    for (; i < rows.size() && rows[i] / kBlockRows == index; ++i) {
      uint64_t& word = own->bits[rows[i] % kBlockRows / 64];
      const uint64_t bit = uint64_t{1} << (rows[i] % 64);
      if ((word & bit) == 0) ++count_;
      word |= bit;
    }
    shared = own;
  }
}

std::vector<uint32_t> DeadRows::Since(const DeadRows& older) const {
  std::vector<uint32_t> rows;
  for (size_t b = 0; b < blocks_.size(); ++b) {
    if (blocks_[b] == nullptr || blocks_[b] == older.blocks_[b]) continue;
    for (size_t w = 0; w < blocks_[b]->bits.size(); ++w) {
      uint64_t word = blocks_[b]->bits[w];
      if (older.blocks_[b] != nullptr) word &= ~older.blocks_[b]->bits[w];
      for (; word != 0; word &= word - 1) {
        rows.push_back(static_cast<uint32_t>(b * kBlockRows + w * 64 + static_cast<size_t>(std::countr_zero(word))));
      }
    }
  }
  return rows;
}

std::string DeadRows::Encode() const {
  const std::vector<uint32_t> rows = Since(DeadRows(rows_));
  const Bitmap bitmap(roaring_bitmap_of_ptr(rows.size(), rows.data()));
  if (bitmap == nullptr) throw std::bad_alloc();
  roaring_bitmap_run_optimize(bitmap.get());
  std::string bytes(roaring_bitmap_portable_size_in_bytes(bitmap.get()), '\0');
  roaring_bitmap_portable_serialize(bitmap.get(), bytes.data());
  return bytes;
}

Result<DeadRows> DeadRows::Decode(std::string_view bytes, size_t rows) {
  const auto fail = [] { return Fail(ErrorCode::kCorruption, "a bitmap of dead rows contradicts its format"); };
  const Bitmap bitmap(roaring_bitmap_portable_deserialize_safe(bytes.data(), bytes.size()));
  if (bitmap == nullptr || roaring_bitmap_portable_size_in_bytes(bitmap.get()) != bytes.size()) return fail();
  const uint64_t count = roaring_bitmap_get_cardinality(bitmap.get());
  if (count > rows) return fail();
  std::vector<uint32_t> dead(count);
  roaring_bitmap_to_uint32_array(bitmap.get(), dead.data());
  if (std::any_of(dead.begin(), dead.end(), [rows](uint32_t row) { return row >= rows; })) return fail();
  DeadRows decoded(rows);
  decoded.Add(dead);
  if (decoded.count() != count) return fail();
  return decoded;
}

bool operator==(const DeadRows& a, const DeadRows& b) {
  return a.rows_ == b.rows_ && a.count_ == b.count_ && a.Since(b).empty();
}

}  // namespace sightline::storage
