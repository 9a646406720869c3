// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/types.h"
#include "storage/records.h"

namespace sightline::indexer {

/// One line of an export's `metadata.jsonl` (export_folder.h, Note [Exports]).
struct ExportLine {
  uint64_t row = 0;
  ItemId item;
  UnitId unit;
  UnitType type = UnitType::kImage;
  std::optional<TimeRange> range;
  std::optional<int64_t> frame_us;
  /// On an item's first line: everything of the item but its units.
  std::optional<storage::ItemRecord> record;
};

/// One line of JSON, without its end. `path` is the item's first one.
std::string EncodeExportLine(const ExportLine& line, const std::string& path);

/// Errors: kCorruption (the message says what is wrong with it).
Result<ExportLine> DecodeExportLine(std::string_view text);

}  // namespace sightline::indexer
