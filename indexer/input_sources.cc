// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/input_sources.h"

#include <utility>

#include "indexer/scanner.h"

namespace sightline::indexer {

bool VisitInputs(const IndexInputs& inputs, const InputVisitor& visit) {
  return Scanner().Scan(inputs.paths, [&visit](const ScanEntry& found) {
    return visit(found.error.empty() ? FileEntry(found.path) : FailedEntry(found.path.string(), found.error));
  });
}

}  // namespace sightline::indexer
