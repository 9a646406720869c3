// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <vector>

#include "storage/index_state.h"
#include "storage/rocksdb_record_store.h"
#include "storage/search_gate.h"
#include "storage/vector_index.h"

namespace sightline::storage {

/// Search over sealed segments and fresh rows. The units that the segments' rows say are nearest, and a few more, are
/// scored again from the stored embeddings, so that scores are exact. Immutable.
class SegmentedView : public IndexView {
 public:
  SegmentedView(std::shared_ptr<const IndexState> state, size_t dim, std::shared_ptr<const RocksDbRecordStore> records,
                std::shared_ptr<SearchGate> gate)
      : state_(std::move(state)), dim_(dim), records_(std::move(records)), gate_(std::move(gate)) {}

  Epoch epoch() const override { return state_->epoch; }
  size_t unit_count() const override { return state_->live_units(); }
  size_t vector_count() const override { return state_->live_rows(); }
  Result<std::vector<Neighbor>> Search(std::span<const float> query, const SearchOptions& options,
                                       SearchStats* stats) const override;

 private:
  const std::shared_ptr<const IndexState> state_;
  const size_t dim_;
  const std::shared_ptr<const RocksDbRecordStore> records_;
  const std::shared_ptr<SearchGate> gate_;
};

}  // namespace sightline::storage
