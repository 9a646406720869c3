// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/input_sources.h"

#include <algorithm>
#include <utility>

#include "indexer/caption_source.h"
#include "indexer/manifest_source.h"
#include "indexer/scanner.h"

namespace sightline::indexer {
namespace {

bool VisitPaths(const IndexInputs& inputs, Scanner& scanner, const InputVisitor& visit) {
  return scanner.Scan(inputs.paths, [&visit](const ScanEntry& found) {
    return visit(found.error.empty() ? FileEntry(found.path) : FailedEntry(found.path.string(), found.error));
  });
}

}  // namespace

// Manifests come first: they know more of a file than the folder that it lies in. Captions come last, so that what they
// describe is there.
bool VisitInputs(const IndexInputs& inputs, const InputVisitor& visit) {
  Scanner scanner;
  const auto manifest = [&](const auto& file) { return VisitManifest(file, scanner, visit); };
  const auto captions = [&](const auto& file) { return VisitCaptions(file, visit); };
  return std::all_of(inputs.manifests.begin(), inputs.manifests.end(), manifest) &&
         VisitPaths(inputs, scanner, visit) && std::all_of(inputs.captions.begin(), inputs.captions.end(), captions);
}

}  // namespace sightline::indexer
