// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "storage/lock_file.h"

/// The folder of a collection on disk, apart from what is in its parts (docs/STORAGE_FORMAT.md).
namespace sightline::storage {

std::filesystem::path RecordsFolder(const std::filesystem::path& folder);

/// Whether the folder holds a collection of a format that this program reads, and which. Writes nothing.
/// Errors: kNotFound (there is none, or one whose creation was never finished), kFailedPrecondition (newer format),
/// kCorruption, kUnavailable.
Result<uint32_t> CheckMarker(const std::filesystem::path& folder);

/// Makes the folder ready for a new collection: exists, is durable, locked, and holds nothing but what an interrupted
/// creation left, which is removed. Errors: kAlreadyExists (there is a collection), kFailedPrecondition (it holds
/// something else, or is locked), kResourceExhausted, kUnavailable. `socket`: as FolderLock::Acquire has it.
Result<FolderLock> PrepareFolder(const std::filesystem::path& folder, const std::string& socket = {});

/// The last step of a creation: from now on there is a collection, also after a power loss. The first step of bringing
/// an older one to this format.
Status WriteMarker(const std::filesystem::path& folder);

/// Bytes of all files below the folder; those that vanish meanwhile do not count.
uint64_t DiskBytes(const std::filesystem::path& folder);

}  // namespace sightline::storage
