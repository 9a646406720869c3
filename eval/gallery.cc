// SPDX-License-Identifier: BSD-3-Clause
#include "eval/gallery.h"

#include <iterator>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <boost/json.hpp>

#include "base/file_io.h"
#include "eval/frame_list.h"
#include "eval/frame_list_indexing.h"

namespace sightline::eval {
namespace {

constexpr int64_t kWholeVideoUs = 86'400'000'000;  // As long as a video may be.
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// One spelling per file, whatever the set and the scan call it.
std::string Canonical(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
  return error ? path.string() : canonical.string();
}

// Which file each item is of, and why other files are none.
struct Indexed {
  std::unordered_map<std::string, ItemId> items;
  std::unordered_map<std::string, std::string> reasons;

  std::optional<ItemId> Find(const std::string& path) const {
    const auto item = items.find(path);
    return item == items.end() ? std::nullopt : std::optional(item->second);
  }
  std::string WhyMissing(const std::string& path) const {
    const auto reason = reasons.find(path);
    return reason == reasons.end() ? "no such file" : reason->second;
  }
};

// What an earlier run made of a file that has changed and cannot be read any more goes: it is not what the file is now.
Result<Indexed> ReadIndexed(storage::Collection& collection, const std::vector<storage::JobError>& errors) {
  Indexed indexed;
  for (const storage::JobError& error : errors) indexed.reasons.emplace(Canonical(error.path), error.reason);
  const std::lock_guard lock(collection.change_mutex());
  storage::WriteSet outdated;
  SL_RETURN_IF_ERROR(collection.ForEachItem([&](const storage::ItemRecord& item) {
    storage::ItemRecord rest = item;
    rest.paths.clear();
    for (const storage::ItemPath& path : item.paths) {
      const std::string name = Canonical(path.path);
      if (indexed.reasons.contains(name)) continue;
      indexed.items.emplace(name, item.id);
      rest.paths.push_back(path);
    }
    if (rest.paths.size() == item.paths.size()) return true;
    if (rest.paths.empty()) {
      outdated.remove_items.push_back(item.id);
    } else {
      outdated.put_items.push_back(std::move(rest));
    }
    return true;
  }));
  if (!outdated.empty()) SL_RETURN_IF_ERROR(collection.Commit(outdated));
  return indexed;
}

// Figures of exact search are of exact search, however large the set is.
Status SearchExactly(storage::Collection& collection) {
  storage::IndexOptions options = collection.index_options();
  if (options.exact_limit == kNoLimit) return {};
  options.exact_limit = kNoLimit;
  return collection.SetIndexOptions(options);
}

// Every caption gets its number as metadata: two captions of the same words are two text units.
Status WriteCaptions(const RetrievalSet& set, const GalleryOptions& options) {
  std::string lines;
  for (size_t i = 0; i < set.captions.size(); ++i) {
    const boost::json::object line = {
        {"id", std::to_string(i)}, {"text", set.captions[i].text}, {"metadata", {{"caption_number", i}}}};
    lines.append(boost::json::serialize(line)).append("\n");
  }
  return WriteFileAtomically(options.captions_file, lines);
}

indexer::IndexOptions ProtocolOptions(const GalleryOptions& options) {
  indexer::IndexOptions index = options.index;
  index.apply_exif_orientation = false;
  index.clips = {.window_us = kWholeVideoUs, .frames = options.frames};
  index.frame_vectors = false;
  return index;
}

// @return what failed, and why.
Result<std::vector<storage::JobError>> IndexEverything(const RetrievalSet& set, storage::Collection& collection,
                                                       encoder::Encoder& encoder, const GalleryOptions& options,
                                                       indexer::IndexObserver* observer, std::stop_token stop) {
  indexer::IndexInputs inputs;
  std::vector<std::filesystem::path> frame_lists;
  for (const std::string& image : set.images) {
    const std::filesystem::path path = Canonical(options.image_folder / image);
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) continue;
    (IsFrameList(path) ? frame_lists : inputs.paths).push_back(path);
  }
  if (!options.captions_file.empty()) {
    SL_RETURN_IF_ERROR(WriteCaptions(set, options));
    inputs.captions.push_back(options.captions_file);
  }
  indexer::Indexer indexer(collection, encoder, ProtocolOptions(options));
  SL_ASSIGN_OR_RETURN(indexer::IndexReport report, indexer.Run(inputs, observer, stop));
  if (report.stopped) return Fail(ErrorCode::kCancelled, "stopped while indexing the evaluation set");
  SL_ASSIGN_OR_RETURN(auto errors, IndexFrameLists(frame_lists, options.frames, collection, encoder, std::move(stop)));
  errors.insert(errors.end(), std::make_move_iterator(report.errors.begin()),
                std::make_move_iterator(report.errors.end()));
  return errors;
}

void FindImages(const RetrievalSet& set, const GalleryOptions& options, const Indexed& indexed, Gallery& gallery) {
  std::unordered_map<ItemId, std::string> first_with;
  for (const std::string& image : set.images) {
    const std::string path = Canonical(options.image_folder / image);
    const std::optional<ItemId> item = gallery.images.emplace_back(indexed.Find(path));
    if (!item) {
      gallery.missing.push_back(image + ": " + indexed.WhyMissing(path));
      continue;
    }
    const auto [first, is_new] = first_with.emplace(*item, image);
    if (!is_new) gallery.duplicates.push_back(image + ": the content of " + first->second);
  }
}

void FindCaptions(const RetrievalSet& set, const GalleryOptions& options, const Indexed& indexed, Gallery& gallery) {
  gallery.captions.resize(set.captions.size());
  if (options.captions_file.empty()) return;
  const std::string file = Canonical(options.captions_file);
  for (size_t i = 0; i < set.captions.size(); ++i) {
    const std::string path = file + "#" + std::to_string(i);
    gallery.captions[i] = indexed.Find(path);
    if (gallery.captions[i]) continue;
    gallery.missing.push_back("caption " + std::to_string(i) + ": " + indexed.WhyMissing(path));
  }
}

// What a kept collection has from another set would be found like a wrong answer.
Status CheckNothingElse(const storage::Collection& collection, const Gallery& gallery) {
  std::unordered_set<ItemId> wanted;
  for (const auto* items : {&gallery.images, &gallery.captions}) {
    for (const std::optional<ItemId>& item : *items) {
      if (item) wanted.insert(*item);
    }
  }
  size_t others = 0;
  SL_RETURN_IF_ERROR(collection.ForEachItem([&](const storage::ItemRecord& item) {
    others += wanted.contains(item.id) ? 0 : 1;
    return true;
  }));
  if (others == 0) return {};
  return Fail(ErrorCode::kFailedPrecondition,
              "the collection holds " + std::to_string(others) + " items that are not of this set: use another folder");
}

}  // namespace

Result<Gallery> IndexGallery(const RetrievalSet& set, storage::Collection& collection, encoder::Encoder& encoder,
                             const GalleryOptions& options, indexer::IndexObserver* observer, std::stop_token stop) {
  const encoder::ModelConfig& model = encoder.info().config;
  if (set.has_videos && model.add_frame_pos && options.frames != model.frame_len) {
    return Fail(ErrorCode::kInvalidArgument, "the model has positions for " + std::to_string(model.frame_len) +
                                                 " frames, not for " + std::to_string(options.frames));
  }
  SL_RETURN_IF_ERROR(SearchExactly(collection));
  SL_ASSIGN_OR_RETURN(const std::vector<storage::JobError> errors,
                      IndexEverything(set, collection, encoder, options, observer, stop));
  SL_ASSIGN_OR_RETURN(const Indexed indexed, ReadIndexed(collection, errors));
  Gallery gallery;
  FindImages(set, options, indexed, gallery);
  FindCaptions(set, options, indexed, gallery);
  SL_RETURN_IF_ERROR(CheckNothingElse(collection, gallery));
  return gallery;
}

}  // namespace sightline::eval
