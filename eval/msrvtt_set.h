// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "eval/retrieval_set.h"

namespace sightline::eval {

/// Parses a list of test captions in the form of MSRVTT_JSFUSION_test.csv (the 1k-A split): a head line, then one
/// caption a row. The columns `video_id` and `sentence` are found by name, others are ignored. Rows that name the same
/// video add captions to it. Rows without a video, without words, not in UTF-8, or that repeat an earlier row are left
/// out and listed.
/// @return `images` are the video ids.
/// Errors: kCorruption (a broken quote), kInvalidArgument (no head line, a column is missing or there twice, a row of
/// another length; the message has the line).
Result<RetrievalSet> ParseMsrvttCsv(std::string_view csv);

/// As ParseMsrvttCsv, from a file. Errors also: kNotFound, kUnavailable, kResourceExhausted (more than 1 GB).
Result<RetrievalSet> ReadMsrvttCsv(const std::filesystem::path& path);

}  // namespace sightline::eval
