// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/collection_settings.h"

namespace sightline::indexer {

// Note [Exports]
// An export is a folder of three files. `embeddings.npy` has one fp32 row per vector, in order of item, unit and
// vector, so frames follow the clip that they belong to and an item's rows are side by side. Line i of
// `metadata.jsonl` says what row i - 1 is: `row`, `item_id`, `unit_id`, `type`, `path`, of clips `start_us` and
// `end_us`, of frames `frame_us` (absent: the unit's own vector). The first line of an item has what belongs to the
// item: `metadata`, typed as in a manifest, and `item`: all paths with size and time, content hash, size in pixels,
// when it was added. `export.json` says what made it all and how the collection is searched where that is set
// (`settings`), and is written last. Patches, token states, thumbnails and jobs are not exported; a snapshot or a merge
// has them.

inline constexpr std::string_view kExportVectors = "embeddings.npy";
inline constexpr std::string_view kExportLines = "metadata.jsonl";
inline constexpr std::string_view kExportInfo = "export.json";

/// What `export.json` says.
struct ExportInfo {
  std::string model_name;
  std::string model_fingerprint;  ///< Empty: raw vectors.
  uint32_t dim = 0;
  uint64_t items = 0;
  uint64_t units = 0;
  uint64_t rows = 0;
  uint64_t epoch = 0;      ///< Of the collection.
  int64_t created_at = 0;  ///< Seconds since 1970.
  storage::CollectionSettings settings{};

  friend bool operator==(const ExportInfo&, const ExportInfo&) = default;
};

/// The text of `export.json`.
std::string EncodeExportInfo(const ExportInfo& info);

/// Whether the folder holds an export, finished or not looked at.
bool IsExport(const std::filesystem::path& folder);

/// Reads `export.json`. Errors: kNotFound, kCorruption (not JSON, a member is missing or wrong), kFailedPrecondition
/// (a newer format), kUnavailable.
Result<ExportInfo> ReadExportInfo(const std::filesystem::path& folder);

}  // namespace sightline::indexer
