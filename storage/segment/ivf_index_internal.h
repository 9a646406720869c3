// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <vector>

#include <faiss/IndexIVF.h>
#include <faiss/impl/ProductQuantizer.h>

#include "storage/segment/candidate_index.h"
#include "storage/segment/coarse_lists_internal.h"
#include "storage/segment/ivf_training_internal.h"
#include "storage/segment/packed_lists_internal.h"

namespace sightline::storage {

/// Everything that an index of inverted lists is made of.
struct IvfParts {
  IvfShape shape;
  std::vector<float> rotation;  ///< As IvfQuantizers::rotation.
  std::unique_ptr<CoarseLists> coarse;
  faiss::ProductQuantizer codes;
  std::unique_ptr<PackedLists> lists;
};

/// Candidates by the product codes of the lists nearest to the query. Immutable.
class IvfIndex : public CandidateIndex {
 public:
  /// @param defaults  for searches that do not say; `rows` must outlive the index.
  IvfIndex(const RowStore& rows, IvfParts parts, const IndexOptions& defaults);

  size_t memory_bytes() const override;
  void AppendSections(SectionList& sections) const override;
  Status Find(std::span<const float> query, const SegmentSearch& search, std::vector<RowHit>& hits,
              SegmentStats& stats) const override;

 private:
  size_t ProbesOf(const SegmentSearch& search) const;
  size_t CandidatesOf(const SegmentSearch& search) const;

  const RowStore& rows_;
  const IvfParts parts_;
  const IndexOptions defaults_;
  std::unique_ptr<faiss::IndexIVF> faiss_;  ///< Looks at parts_.
};

}  // namespace sightline::storage
