// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "http/media_store.h"
#include "storage/collection.h"
#include "storage/records.h"

namespace sightline::http {

/// Brings along what was uploaded to other collections of the data folder, for items that are about to come into the
/// collection `name`: their files get a place below its own folder, durable when this returns, and the items these
/// paths. What a caption describes is followed in the same way. In a data folder that was moved, and after a restore,
/// paths say another folder: the files are looked for in this one. A path whose file is gone stays as it is.
///
/// Note [Uploads of items that are brought]
/// An upload goes with its collection, so an item that comes from another collection (merge, import of an export) must
/// not point there. The files are linked, not copied, where the file system can. They come first and the items second,
/// as for an upload itself, and the locks of the files are held for both, so that nobody removes a file because no item
/// has it yet. A crash in between leaves files, which RemoveLeftovers finds; the same again is a no-op.
///
/// @return the locks of the files, to be held until the items are committed; null when there are none. Take them before
/// Collection::change_mutex, as an upload does. Errors: kResourceExhausted (disk full), kUnavailable.
Result<std::shared_ptr<void>> BringUploads(MediaStore& media, std::string_view name,
                                           std::span<storage::ItemRecord> items);

/// The same for the items that a collection has already: one that was restored, is in a data folder that was moved, or
/// was merged before merges brought files. @return how many items got other paths. Errors: kDeadlineExceeded,
/// kCancelled, those of BringUploads, and of the collection's reads and Commit.
Result<size_t> BringUploadsOfAll(MediaStore& media, std::string_view name, storage::Collection& collection,
                                 const Limits& limits);

/// Takes the uploads that a restored snapshot left in the collection's own folder to where uploads of the collection
/// `name` lie. What an interruption leaves is taken by the next call. @return how many there were. Errors:
/// kResourceExhausted, kUnavailable.
Result<size_t> TakeRestoredUploads(MediaStore& media, std::string_view name, const std::filesystem::path& collection);

}  // namespace sightline::http
