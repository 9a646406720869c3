// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// The folder that holds collections, each in `collections/NAME`.
namespace sightline::storage {

/// 1 to 64 ASCII letters, digits, '-' and '_'. Errors: kInvalidArgument.
Status CheckCollectionName(std::string_view name);

/// Where the collection of a checked name lives.
std::filesystem::path CollectionFolder(const std::filesystem::path& data_dir, std::string_view name);

/// What is uploaded to the collections of a data folder lies below this one, in a folder of the collection's name
/// (http/media_store.h).
std::filesystem::path UploadFolder(const std::filesystem::path& data_dir);

/// Where the uploads of a collection lie that has this folder; empty when that is in no data folder.
std::filesystem::path UploadsBeside(const std::filesystem::path& collection);

/// Where a snapshot has the uploads of its collection, and a restored collection until they are brought to their place.
std::filesystem::path UploadsWithin(const std::filesystem::path& folder);

/// Names of the collections in a data folder, sorted. No data folder: none. Errors: kUnavailable (cannot be read).
Result<std::vector<std::string>> ListCollections(const std::filesystem::path& data_dir);

/// Removes the folder of a collection that nobody has open: first it gets another name, so that a crash leaves no half
/// of a collection, and then its files go. Errors: kNotFound, kUnavailable.
Status RemoveCollectionFolder(const std::filesystem::path& data_dir, std::string_view name);

/// Removes what RemoveCollectionFolder did not finish. Leaves what cannot be removed.
void RemoveDroppedCollections(const std::filesystem::path& data_dir);

}  // namespace sightline::storage
