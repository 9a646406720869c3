// SPDX-License-Identifier: BSD-3-Clause
#include "eval/gallery.h"

#include <unordered_map>
#include <utility>

namespace sightline::eval {
namespace {

// One spelling per file, whatever the set and the scan call it.
std::string Canonical(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
  return error ? path.string() : canonical.string();
}

Result<std::unordered_map<std::string, ItemId>> ItemsByPath(const storage::Collection& collection) {
  std::unordered_map<std::string, ItemId> items;
  SL_RETURN_IF_ERROR(collection.ForEachItem([&items](const storage::ItemRecord& item) {
    for (const storage::ItemPath& path : item.paths) items.emplace(Canonical(path.path), item.id);
    return true;
  }));
  return items;
}

}  // namespace

Result<Gallery> IndexGallery(const RetrievalSet& set, const std::filesystem::path& image_folder,
                             storage::Collection& collection, encoder::Encoder& encoder, indexer::IndexOptions options,
                             indexer::IndexObserver* observer, std::stop_token stop) {
  indexer::IndexInputs inputs;
  for (const std::string& image : set.images) {
    const std::filesystem::path path = image_folder / image;
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) inputs.paths.push_back(path);
  }
  options.apply_exif_orientation = false;
  indexer::Indexer indexer(collection, encoder, options);
  SL_ASSIGN_OR_RETURN(const indexer::IndexReport report, indexer.Run(inputs, observer, stop));
  if (report.stopped) return Fail(ErrorCode::kCancelled, "stopped while indexing the evaluation pictures");

  std::unordered_map<std::string, std::string> reasons;
  for (const storage::JobError& error : report.errors) reasons.emplace(Canonical(error.path), error.reason);
  SL_ASSIGN_OR_RETURN(const auto items, ItemsByPath(collection));
  Gallery gallery;
  for (const std::string& image : set.images) {
    const std::string path = Canonical(image_folder / image);
    const auto item = items.find(path);
    gallery.items.push_back(item == items.end() ? std::nullopt : std::optional(item->second));
    if (item != items.end()) continue;
    const auto reason = reasons.find(path);
    gallery.missing.push_back(image + ": " + (reason == reasons.end() ? "no such file" : reason->second));
  }
  return gallery;
}

}  // namespace sightline::eval
