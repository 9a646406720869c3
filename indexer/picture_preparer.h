// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "indexer/content_known.h"
#include "indexer/indexer.h"
#include "indexer/work_item.h"

namespace sightline::indexer {

/// Makes model pixels and a thumbnail of picture files. Thread-safe.
class PicturePreparer {
 public:
  /// @param image_res  pixels per side of the model input.
  PicturePreparer(int image_res, const IndexOptions& options) : image_res_(image_res), options_(options) {}

  /// Reads the picture once, hashes it and, unless `is_known(hash)`, decodes it: kKnownContent, kNewContent, kFailed,
  /// or, after a stop request, kSkipped. `item` has its file's size. Errors: those of `is_known`.
  Status Prepare(WorkItem& item, const ContentKnown& is_known, std::stop_token stop) const;

 private:
  using Bytes = std::shared_ptr<const std::vector<std::byte>>;

  Bytes Read(WorkItem& item) const;
  void Decode(WorkItem& item, const Bytes& bytes, std::unique_lock<std::mutex>& big_lane, std::stop_token stop) const;
  std::unique_lock<std::mutex> LaneForSize(uint64_t size_bytes) const;

  const int image_res_;
  const IndexOptions options_;
  mutable std::mutex big_lane_;  ///< Held by the one big picture that may be in memory (Note [Memory]).
};

}  // namespace sightline::indexer
