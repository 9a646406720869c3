// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <span>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "encoder/encoder.h"
#include "storage/collection.h"

namespace sightline::eval {

/// Puts videos that are stored as frame lists (frame_list.h) into `collection`: each one item with one clip unit of
/// `frames` frames, without time range and without vectors of its frames. The indexer does not know this form. A file
/// that is there with the same size and time is not read again.
/// @param files  absolute, all links resolved: the paths of the items.
/// @return the files that failed, with the reason.
/// Errors: kCancelled, and the collection's.
Result<std::vector<storage::JobError>> IndexFrameLists(std::span<const std::filesystem::path> files, int frames,
                                                       storage::Collection& collection, encoder::Encoder& encoder,
                                                       std::stop_token stop);

}  // namespace sightline::eval
