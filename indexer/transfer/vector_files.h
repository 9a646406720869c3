// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "indexer/indexer.h"
#include "indexer/transfer/vector_lines.h"

namespace sightline::indexer {

/// A matrix of vectors and what is said about its rows.
struct VectorFile {
  std::filesystem::path vectors;                 ///< npy.
  std::optional<std::filesystem::path> lines{};  ///< Its companion (VectorLineReader).
  LineStyle style = LineStyle::kStrict;
};

/// The number of values per row that all files agree on. Those that cannot be read are passed over: importing names
/// them. Errors: kInvalidArgument (two files differ: the message has both), and NpyReader::Open's for the first file
/// where no file can be read; kInvalidArgument without files.
Result<uint32_t> ColumnsOf(std::span<const VectorFile> files);

/// A folder in clip-retrieval's layout.
struct ClipRetrievalFolder {
  std::vector<VectorFile> files;  ///< `img_emb/*.npy` in order of their numbers.
  std::vector<IndexNote> notes;   ///< What the folder holds and nobody reads.
};

/// Lists a folder that `clip-retrieval inference` wrote: `img_emb/img_emb_0.npy` with, where it is there, the companion
/// `metadata/metadata_0.jsonl` in the flat style; the numbers pair them. Text embeddings are noted and left out.
/// @param without_metadata  leaves all of `metadata/` out, with a note.
/// Errors: kNotFound (no img_emb/*.npy), kUnsupported (Parquet without its JSON lines: the message says how to make
/// them), kUnavailable.
Result<ClipRetrievalFolder> ListClipRetrievalFolder(const std::filesystem::path& folder, bool without_metadata);

}  // namespace sightline::indexer
