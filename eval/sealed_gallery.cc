// SPDX-License-Identifier: BSD-3-Clause
#include "eval/sealed_gallery.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/file_io.h"
#include "base/sha256.h"
#include "storage/snapshot.h"

namespace sightline::eval {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxContentBytes = 1024;

void AddItems(const std::vector<std::optional<ItemId>>& items, Sha256& hash) {
  for (const std::optional<ItemId>& item : items) hash.Update(item ? std::to_string(item->value) + "\n" : "-\n");
}

bool IsOf(const fs::path& folder, const std::string& content) {
  const auto written = ReadFile(folder / "content", kMaxContentBytes);
  return written && *written == content;
}

Status RemoveFolder(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "remove", folder));
  return {};
}

Status MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "make the folder", folder));
  return {};
}

Status CheckSealed(const storage::Collection& collection, storage::IndexKind kind) {
  SL_ASSIGN_OR_RETURN(const storage::CollectionStats stats, collection.Stats());
  const auto& segments = stats.index.segments;
  const bool all_of_kind = std::all_of(segments.begin(), segments.end(),
                                       [kind](const storage::SegmentStatus& segment) { return segment.kind == kind; });
  if (stats.index.exact_rows == 0 && all_of_kind) return {};
  return Fail(ErrorCode::kInternal, "the gallery could not be sealed as " + std::string(storage::NameOf(kind)));
}

}  // namespace

Result<std::string> ContentOf(const storage::Collection& collection, const RetrievalSet& set, const Gallery& gallery) {
  Sha256 hash;
  for (const std::string& image : set.images) hash.Update(image + "\n");
  for (const EvalCaption& caption : set.captions) {
    hash.Update(std::to_string(caption.image) + " " + caption.text + "\n");
  }
  AddItems(gallery.images, hash);
  AddItems(gallery.captions, hash);
  SL_RETURN_IF_ERROR(collection.ForEachItem([&hash](const storage::ItemRecord& item) {
    hash.Update(std::to_string(item.id.value) + " ");
    hash.Update(std::as_bytes(std::span(item.hash)));
    return true;
  }));
  return ToHex(hash.Finish());
}

Result<std::unique_ptr<storage::Collection>> OpenSealed(const storage::Collection& gallery, const fs::path& folder,
                                                        storage::IndexKind kind, const std::string& content,
                                                        std::stop_token stop) {
  const fs::path own = folder / storage::NameOf(kind);
  const fs::path snapshot = own / "snapshot";
  if (IsOf(own, content)) {
    auto opened = storage::Collection::Open(own / "collection");
    if (opened && CheckSealed(**opened, kind)) return opened;
  }
  SL_RETURN_IF_ERROR(RemoveFolder(own));
  SL_RETURN_IF_ERROR(MakeFolder(own));
  const Limits limits = {.stop = std::move(stop)};
  SL_ASSIGN_OR_RETURN(const auto taken, gallery.Snapshot(snapshot));
  static_cast<void>(taken);
  SL_ASSIGN_OR_RETURN(const auto restored, storage::RestoreSnapshot(snapshot, own / "collection", limits));
  static_cast<void>(restored);
  SL_RETURN_IF_ERROR(RemoveFolder(snapshot));
  SL_ASSIGN_OR_RETURN(auto collection, storage::Collection::Open(own / "collection"));
  storage::IndexOptions options = collection->index_options();
  options.kind = kind;
  SL_RETURN_IF_ERROR(collection->SetIndexOptions(options));
  SL_RETURN_IF_ERROR(collection->SealNow(limits));
  SL_RETURN_IF_ERROR(CheckSealed(*collection, kind));
  SL_RETURN_IF_ERROR(WriteFileAtomically(own / "content", content));
  return collection;
}

}  // namespace sightline::eval
