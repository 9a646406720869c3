// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/export_importer.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/guard.h"
#include "indexer/json_records.h"
#include "indexer/run_log.h"
#include "indexer/transfer/export_lines_internal.h"
#include "indexer/transfer/npy_reader.h"
#include "indexer/transfer/settings_carrier.h"
#include "indexer/transfer/transfer_checks.h"
#include "indexer/transfer/unit_vector.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;

using Units = std::vector<storage::NewUnit>;

/// An item with the ids that it had.
struct ExportedItem {
  storage::ItemRecord record;
  Units units;
};

/// Reads the items of an export one by one.
class ExportReader {
 public:
  static Result<ExportReader> Open(const fs::path& folder, const ExportInfo& info) {
    SL_ASSIGN_OR_RETURN(NpyReader vectors, NpyReader::Open(folder / kExportVectors));
    SL_ASSIGN_OR_RETURN(JsonRecordReader lines, JsonRecordReader::Open(folder / kExportLines));
    if (!vectors.header().is_matrix || vectors.rows() != info.rows || vectors.columns() != info.dim) {
      return Fail(ErrorCode::kCorruption,
                  fmt::format("{}: {} rows of {} values, and {} says {} of {}", (folder / kExportVectors).string(),
                              vectors.rows(), vectors.columns(), kExportInfo, info.rows, info.dim));
    }
    return ExportReader(folder / kExportLines, std::move(vectors), std::move(lines));
  }

  /// The next item; nothing at the end.
  Result<std::optional<ExportedItem>> Next() {
    if (!ahead_) SL_RETURN_IF_ERROR(ReadAhead());
    if (!ahead_) return std::optional<ExportedItem>();
    if (!ahead_->line.record) return Wrong("the first line of an item says nothing about it");
    ExportedItem item;
    item.record = *std::move(ahead_->line.record);
    item.record.id = ahead_->line.item;
    do {
      SL_RETURN_IF_ERROR(Add(item));
      SL_RETURN_IF_ERROR(ReadAhead());
    } while (ahead_ && !ahead_->line.record);
    return std::optional(std::move(item));
  }

 private:
  struct Row {
    ExportLine line;
    Embedding vector;
  };

  ExportReader(fs::path file, NpyReader vectors, JsonRecordReader lines)
      : file_(std::move(file)), vectors_(std::move(vectors)), lines_(std::move(lines)) {}

  tl::unexpected<Error> Wrong(std::string_view what) const {
    return Fail(ErrorCode::kCorruption, fmt::format("{}: {}: {}", file_.string(), where_, what));
  }

  Status ReadAhead() {
    ahead_.reset();
    Row row;
    JsonRecord record;
    const bool has_line = lines_.Next(record);
    where_ = has_line ? lines_.NameOf(record) : "the end";
    SL_ASSIGN_OR_RETURN(const bool has_row, vectors_.Next(row.vector));
    if (has_line && !record.error.empty()) return Wrong(record.error);
    if (has_line != has_row)
      return Wrong(has_row ? "there are more rows than lines" : "there are more lines than rows");
    if (!has_line) return {};
    auto line = DecodeExportLine(record.text);
    if (!line) return Wrong(line.error().message);
    row.line = *std::move(line);
    if (row.line.row != rows_++) return Wrong("it is about another row");
    if (const auto made = MakeUnitVector(row.vector); !made) return Wrong(made.error().message);
    ahead_ = std::move(row);
    return {};
  }

  /// Adds the row ahead to its item.
  Status Add(ExportedItem& item) {
    ExportLine& line = ahead_->line;
    if (line.item != item.record.id) return Wrong("it belongs to another item than the line before");
    const bool is_frame = line.frame_us.has_value();
    if (is_frame && (item.units.empty() || item.units.back().record.id != line.unit)) {
      return Wrong("a frame without its clip before it");
    }
    if (!is_frame) {
      storage::NewUnit& unit = item.units.emplace_back();
      unit.record.id = line.unit;
      unit.record.item = line.item;
      unit.record.type = line.type;
      unit.record.range = line.range;
      item.record.units.push_back(line.unit);
    }
    item.units.back().record.vectors.push_back({line.frame_us, std::move(ahead_->vector)});
    return {};
  }

  fs::path file_;
  NpyReader vectors_;
  JsonRecordReader lines_;
  std::string where_;
  uint64_t rows_ = 0;
  std::optional<Row> ahead_;
};

/// Whether it came to the end.
Result<bool> BringAll(ExportReader& reader, ItemCarrier& carrier, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    SL_ASSIGN_OR_RETURN(std::optional<ExportedItem> item, reader.Next());
    if (!item) {
      SL_RETURN_IF_ERROR(carrier.Flush());
      return true;
    }
    size_t bytes = 0;
    for (const storage::NewUnit& unit : item->units) bytes += BytesOf(unit);
    const auto read = [units = std::make_shared<const Units>(std::move(item->units))](size_t first, size_t count) {
      const auto begin = units->begin() + static_cast<std::ptrdiff_t>(first);
      return Result<Units>(Units(begin, begin + static_cast<std::ptrdiff_t>(count)));
    };
    SL_RETURN_IF_ERROR(carrier.Bring(std::move(item->record), read, bytes));
  }
  SL_RETURN_IF_ERROR(carrier.Flush());
  return false;
}

}  // namespace

storage::CollectionConfig ConfigFor(const ExportInfo& info) {
  return {.model_name = info.model_name,
          .model_fingerprint = info.model_fingerprint,
          .dim = info.dim,
          .patch_storage = storage::PatchStorage::kNone};
}

Result<IndexReport> ImportExport(storage::Collection& collection, const fs::path& folder,
                                 const ExportImportOptions& options, IndexObserver* observer, std::stop_token stop) {
  return Guard("import an export", [&]() -> Result<IndexReport> {
    SL_ASSIGN_OR_RETURN(const ExportInfo info, ReadExportInfo(folder));
    SL_RETURN_IF_ERROR(CheckFits(folder.string(), ConfigFor(info), collection.config()));
    SL_ASSIGN_OR_RETURN(ExportReader reader, ExportReader::Open(folder, info));
    SL_RETURN_IF_ERROR(CarrySettings(folder.string(), info.settings, collection));
    SL_ASSIGN_OR_RETURN(RunLog log,
                        RunLog::Start(collection, {"--import=" + folder.string()}, observer, options.report_every));
    ItemCarrier carrier(collection, log, info.items, options.batches);
    return EndRun(log, BringAll(reader, carrier, stop));
  });
}

}  // namespace sightline::indexer
