// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <stop_token>

#include "base/result.h"
#include "indexer/content_known.h"
#include "indexer/indexer.h"
#include "indexer/input_entry.h"
#include "indexer/picture_preparer.h"
#include "indexer/work_item.h"
#include "storage/record_store.h"

namespace sightline::indexer {

/// The stage between scan and encoder: looks at an input, skips what is known, reads what is not once, and makes what
/// the encoder reads of it; of a video only the hash (VideoParts reads it). What differs between kinds of inputs is in
/// picture_preparer.h, video_preparer.h and caption_preparer.h.
/// Thread-safe: the workers share one.
class Preparer {
 public:
  /// @param records  must outlive the preparer.   @param image_res  pixels per side of the model input.
  Preparer(const storage::RecordStore& records, int image_res, const IndexOptions& options)
      : records_(records), pictures_(image_res, options) {}

  /// Blocking I/O and decoding. What is wrong with the input makes a kFailed item, a stop request a kSkipped one.
  /// Errors: those of the record store.
  Result<WorkItem> Prepare(InputEntry entry, std::stop_token stop) const;

  /// As Prepare, but reads and decodes whatever the collection knows of it: kNewContent, kFailed or kSkipped.
  WorkItem PrepareAnew(InputEntry entry, std::stop_token stop) const;

  /// Looks at the entry's file without opening it, fills size and time, and asks the collection: kFailed, kUnchanged,
  /// kKnownContent (unchanged, but the source says something new about it), or kSkipped: it must be read. Captions
  /// have nothing to look at and are kSkipped. Errors: those of the record store.
  Result<WorkItem> Look(InputEntry entry) const;

  /// Whether the collection has an item with this content, and all of it. Errors: those of the record store.
  Result<bool> IsKnown(const storage::ContentHash& hash) const;

 private:
  Result<std::optional<storage::ItemRecord>> FindByPath(const std::string& path) const;
  Status CompareWithStored(WorkItem& item) const;
  Status PrepareMedia(WorkItem& item, const ContentKnown& is_known, std::stop_token stop) const;

  const storage::RecordStore& records_;
  const PicturePreparer pictures_;
};

}  // namespace sightline::indexer
