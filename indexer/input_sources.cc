// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/input_sources.h"

#include <algorithm>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

#include "indexer/caption_source.h"
#include "indexer/manifest_source.h"
#include "indexer/scanner.h"
#include "indexer/shard_source.h"
#include "media/tar_reader.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;

// Whether the path itself, not something in a folder, is a shard.
bool IsShard(const fs::path& path) {
  std::error_code ignored;
  return media::HasTarExtension(path.filename().native()) && fs::is_regular_file(path, ignored);
}

bool VisitPath(const fs::path& path, Scanner& scanner, const InputVisitor& visit) {
  const bool is_shard = IsShard(path);
  return scanner.Scan(std::span(&path, 1), [&](const ScanEntry& found) {
    if (!found.error.empty()) return visit(FailedEntry(found.path.string(), found.error));
    return is_shard ? VisitShard(found.path, visit) : visit(FileEntry(found.path));
  });
}

}  // namespace

// Manifests come first: they know more of a file than the folder that it lies in. Captions come last, so that what they
// describe is there.
bool VisitInputs(const IndexInputs& inputs, const InputVisitor& visit_found) {
  Scanner scanner(inputs.may_read);
  const InputVisitor visit = [&](InputEntry entry) {
    return !Contains(inputs.shard, entry.path) || visit_found(std::move(entry));
  };
  const auto described = [&](const DescribedFile& file) {
    return scanner.Scan(std::span(&file.path, 1), [&](const ScanEntry& found) {
      if (!found.error.empty()) return visit(FailedEntry(found.path.string(), found.error));
      InputEntry entry = FileEntry(found.path);
      entry.metadata = file.metadata;
      return visit(std::move(entry));
    });
  };
  const auto manifest = [&](const auto& file) { return VisitManifest(file, scanner, visit); };
  const auto path = [&](const auto& given) { return VisitPath(given, scanner, visit); };
  const auto captions = [&](const auto& file) { return VisitCaptions(file, visit); };
  const auto text = [&](const GivenCaption& given) {
    return visit(CaptionEntry(given.path, given.words, given.caption_of, given.metadata));
  };
  return std::all_of(inputs.files.begin(), inputs.files.end(), described) &&
         std::all_of(inputs.manifests.begin(), inputs.manifests.end(), manifest) &&
         std::all_of(inputs.paths.begin(), inputs.paths.end(), path) &&
         std::all_of(inputs.captions.begin(), inputs.captions.end(), captions) &&
         std::all_of(inputs.texts.begin(), inputs.texts.end(), text);
}

}  // namespace sightline::indexer
