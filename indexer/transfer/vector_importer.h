// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "indexer/indexer.h"
#include "indexer/transfer/vector_files.h"
#include "storage/collection.h"

namespace sightline::indexer {

struct VectorImportOptions {
  size_t batch_bytes = 4u << 20;                ///< Of vectors in one commit; at most 4,096 rows, at least one.
  std::chrono::milliseconds report_every{200};  ///< The observer hears of progress at most so often.
  std::vector<IndexNote> notes{};               ///< What is to be said about the inputs beside what the run finds.
};

/// Fills a collection of raw vectors: every row becomes an item with one unit of one vector. Confined to one thread.
///
/// - An item's path is what the companion gives as `path`, else `<npy file>#<id>`, else `<npy file>#<row>`, the row
/// from
///   0, the file with all links resolved.
/// - A row that is stored with the same vector, type and metadata is unchanged, one that differs is updated under its
///   id. Rows that are not there any more stay.
/// - A vector that is not of unit length is normalised (a note per file says how many); one that is zero or not finite
///   fails, as does a row whose line is wrong or names a path or id that came before. The rest goes on. A file that
///   cannot be read, is cut off, or whose companion is about another number of rows, fails as a whole.
class VectorImporter {
 public:
  /// `collection` must outlive the importer.
  VectorImporter(storage::Collection& collection, VectorImportOptions options)
      : collection_(collection), options_(std::move(options)) {}

  /// Counts rows as files are counted elsewhere. Running it again is a no-op; after a stop or a crash it goes on where
  /// it was. `observer` may be null.
  /// Errors: kFailedPrecondition (the collection was made by a model), kInvalidArgument (vectors of another length than
  /// the collection's: nothing was written), and those of Collection::Commit.
  Result<IndexReport> Run(std::span<const VectorFile> files, IndexObserver* observer, std::stop_token stop);

 private:
  storage::Collection& collection_;
  const VectorImportOptions options_;
};

}  // namespace sightline::indexer
