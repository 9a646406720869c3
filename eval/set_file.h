// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <utility>

#include "base/result.h"
#include "eval/byte_chunks.h"
#include "eval/retrieval_set.h"

namespace sightline::eval {

/// What `parse` makes of the file's bytes; an error of it gets the path in front of its message. Errors also: those of
/// ByteChunks::OfFile.
template <typename Parse>
Result<RetrievalSet> ReadSetFile(const std::filesystem::path& path, const Parse& parse) {
  SL_ASSIGN_OR_RETURN(ByteChunks chunks, ByteChunks::OfFile(path));
  Result<RetrievalSet> set = parse(std::move(chunks));
  if (!set) return Annotate(std::move(set).error(), path.string());
  return set;
}

}  // namespace sightline::eval
