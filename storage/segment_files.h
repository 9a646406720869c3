// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "storage/index_records.h"
#include "storage/index_state.h"

/// The files of sealed segments: where they lie, how they come to be and go (docs/STORAGE_FORMAT.md).
namespace sightline::storage {

std::filesystem::path SegmentsFolder(const std::filesystem::path& collection);
std::filesystem::path SegmentFile(const std::filesystem::path& collection, uint64_t number);

/// Makes the file of a new segment durable under its name; the folder is made when it is not there. On failure nothing
/// of it is left. Errors: kResourceExhausted, kUnavailable, those of `pause`.
Result<std::shared_ptr<const SegmentSlot>> PutSegment(const std::filesystem::path& collection, uint64_t number,
                                                      std::shared_ptr<const SealedSegment> segment,
                                                      const std::function<Status()>& pause);

/// Loads what the manifest lists. Errors: SealedSegment::Load's; kCorruption also when file and manifest disagree.
Result<std::shared_ptr<const SegmentSlot>> LoadSegment(const std::filesystem::path& collection,
                                                       const ManifestSegment& listed);

/// Whether the file is byte for byte what the manifest says. Errors: kNotFound, kCorruption, kUnavailable, those of
/// `pause`.
Status CheckSegmentFile(const std::filesystem::path& collection, uint64_t number, uint64_t bytes, uint32_t checksum,
                        const std::function<Status()>& pause);

/// Removes what `keep` does not name: of interrupted writes, of segments that were replaced. A file that cannot be
/// removed stays for the next time.
void RemoveOtherSegments(const std::filesystem::path& collection, const std::vector<uint64_t>& keep);

}  // namespace sightline::storage
