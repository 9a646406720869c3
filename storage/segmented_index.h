// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "storage/fresh_segment.h"
#include "storage/index_state.h"
#include "storage/rocksdb_record_store.h"
#include "storage/search_gate.h"
#include "storage/vector_index.h"

namespace sightline::storage {

/// The index of a collection: sealed segments, perhaps rows on their way into one, and a fresh segment that takes what
/// is new. While nothing is sealed it is the exact index. Thread-safe: what changes it takes turns.
class SegmentedIndex : public VectorIndex {
 public:
  /// @param records  where filters find metadata and exact scores come from; views hold it too.
  SegmentedIndex(size_t dim, std::shared_ptr<const RocksDbRecordStore> records, const IndexOptions& options);

  Status Apply(std::span<const UnitRecord> put, std::span<const UnitId> removed, Epoch epoch) override;
  std::shared_ptr<const IndexView> View() const override;

  std::shared_ptr<const IndexState> state() const;
  const std::shared_ptr<SearchGate>& gate() const { return gate_; }

  /// Views taken from now on search with these.
  void SetOptions(const IndexOptions& options);

  /// Begins to replace parts of the index; one replacement at a time. With `freeze` the fresh rows are set aside, so
  /// that they can be sealed while new ones come in; what was set aside before and never sealed goes first. The caller
  /// sees to it that all changes from then on are logged. @return the state that the new segment is to be made from.
  std::shared_ptr<const IndexState> Begin(bool freeze);

  /// A segment in the place of others, or of the frozen rows.
  struct Replacement {
    std::vector<uint64_t> numbers;            ///< The slots that go.
    bool frozen = false;                      ///< The frozen rows go.
    std::shared_ptr<const SegmentSlot> made;  ///< What comes; null: nothing.
  };
  /// Ends what Begin began, in one step. Units that died since then are dead in the new segment too.
  void Replace(const Replacement& replacement);

  /// Takes the content of another index in one step; views see the one or the other.
  void Adopt(SegmentedIndex& other);

  /// Adds a slot while nobody searches yet, when a collection is opened.
  void AddSlot(std::shared_ptr<const SegmentSlot> slot);

 private:
  void Publish(std::shared_ptr<const IndexState> next);
  void Drop(IndexState& state, std::span<const UnitId> units, Epoch epoch);
  std::shared_ptr<FreshSegment> NewFresh(Epoch epoch) const;

  const size_t dim_;
  const std::shared_ptr<const RocksDbRecordStore> records_;
  const std::shared_ptr<SearchGate> gate_ = std::make_shared<SearchGate>();

  std::mutex writer_mutex_;
  std::shared_ptr<FreshSegment> frozen_;  ///< Null: none is.
  bool replacing_ = false;
  std::vector<UnitId> died_;  ///< In slots and frozen rows, while replacing_.

  std::shared_ptr<FreshSegment> fresh_;
  mutable std::mutex published_mutex_;
  std::shared_ptr<const IndexState> state_;
};

}  // namespace sightline::storage
