// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "eval/byte_chunks.h"
#include "eval/retrieval_set.h"

namespace sightline::eval {

/// Parses a list of test captions in the form of MSRVTT_JSFUSION_test.csv (the 1k-A split): ParseCsvSet with the
/// columns `video_id` and `sentence`. @return `images` are the video ids. Errors: as ParseCsvSet.
Result<RetrievalSet> ParseMsrvttCsv(ByteChunks chunks);

/// Parses MSRVTT's own form (test_videodatainfo.json, MSRVTT_data.json): {"videos": [{"video_id": id, "split": name},
/// ...], "sentences": [{"video_id": id, "caption": text}, ...]}, in any order; other members are ignored. A sentence
/// whose video is not there is left out and listed.
/// @param split  "test", "validate", "train", or "all".
/// @return `images` are the video ids.
/// Errors: those of StreamRecords (kCorruption: not JSON), kInvalidArgument (another shape, an id twice, no video of
/// that split; the message has the entries, or the splits that are there).
Result<RetrievalSet> ParseMsrvttJson(ByteChunks chunks, std::string_view split);

/// From a file of any size. Errors also: kNotFound, kUnavailable.
Result<RetrievalSet> ReadMsrvttCsv(const std::filesystem::path& path);
Result<RetrievalSet> ReadMsrvttJson(const std::filesystem::path& path, std::string_view split);

}  // namespace sightline::eval
