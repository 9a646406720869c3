// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "eval/byte_chunks.h"
#include "eval/retrieval_set.h"

namespace sightline::eval {

/// Parses Karpathy's split files (dataset_coco.json, dataset_flickr30k.json, dataset_flickr8k.json): {"images":
/// [{"filename": name, "filepath": folder, "split": name, "sentences": [{"raw": text}, ...]}, ...]}; `filepath` may be
/// absent, other members are ignored.
/// @param split  "test", "val", "train", "restval" (of COCO: what the paper adds to "train"), or "all".
/// @return `images` are FILEPATH/FILENAME. Every sentence is a caption, also those beyond the fifth.
/// Errors: those of StreamRecords (kCorruption: not JSON), kInvalidArgument (another shape, a file twice, no picture of
/// that split; the message has the entry, or the splits that are there).
Result<RetrievalSet> ParseKarpathyJson(ByteChunks chunks, std::string_view split);

/// As ParseKarpathyJson, from a file of any size. Errors also: kNotFound, kUnavailable.
Result<RetrievalSet> ReadKarpathyJson(const std::filesystem::path& path, std::string_view split);

}  // namespace sightline::eval
