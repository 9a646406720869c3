// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/collection_exporter.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file_io.h"
#include "base/guard.h"
#include "indexer/run_log.h"
#include "indexer/transfer/export_lines_internal.h"
#include "indexer/transfer/npy_header.h"
#include "indexer/transfer/output_file.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;

using storage::ItemRecord;
using storage::UnitRecord;

// Units that are read at a time.
constexpr size_t kUnitsPerRead = 512;

/// The folder in the making; removed unless it was published.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> Make(const fs::path& out) {
    fs::path path = out.has_filename() ? out : out.parent_path();
    std::error_code error;
    if (fs::exists(path, error) && !fs::is_empty(path, error)) {
      return Fail(ErrorCode::kAlreadyExists, path.string() + ": is there already");
    }
    TemporaryFolder folder;
    folder.out_ = path;
    path += ".tmp" + std::to_string(::getpid());
    fs::remove_all(path, error);
    fs::create_directories(path, error);
    if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "create the folder", path));
    folder.path_ = std::move(path);
    return folder;
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept
      : out_(std::move(other.out_)), path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }

  Status Publish() {
    SL_RETURN_IF_ERROR(SyncFolderOf(path_));
    std::error_code error;
    fs::rename(path_, out_, error);
    if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "rename the export to", out_));
    path_.clear();
    return SyncFolderOf(fs::absolute(out_).parent_path());
  }

 private:
  TemporaryFolder() = default;
  fs::path out_;
  fs::path path_;
};

/// Writes the rows and lines of one collection.
class ExportWriter {
 public:
  ExportWriter(const storage::Collection& collection, OutputFile vectors, OutputFile lines)
      : collection_(collection), vectors_(std::move(vectors)), lines_(std::move(lines)) {}

  static Result<ExportWriter> Open(const storage::Collection& collection, const fs::path& folder) {
    SL_ASSIGN_OR_RETURN(OutputFile vectors, OutputFile::Create(folder / kExportVectors));
    SL_ASSIGN_OR_RETURN(OutputFile lines, OutputFile::Create(folder / kExportLines));
    ExportWriter writer(collection, std::move(vectors), std::move(lines));
    SL_RETURN_IF_ERROR(writer.vectors_.Append(EncodeNpyHeader(0, collection.config().dim)));
    return writer;
  }

  Status WriteItem(const ItemRecord& item) {
    bool is_first = true;
    for (size_t start = 0; start < item.units.size(); start += kUnitsPerRead) {
      const size_t count = std::min(kUnitsPerRead, item.units.size() - start);
      SL_ASSIGN_OR_RETURN(const auto units,
                          collection_.records().GetUnits(std::span(item.units).subspan(start, count)));
      for (const std::optional<UnitRecord>& unit : units) {
        if (!unit) continue;
        SL_RETURN_IF_ERROR(WriteUnit(item, *unit, is_first));
        is_first = false;
      }
    }
    items_ += is_first ? 0 : 1;
    return {};
  }

  Result<ExportInfo> Finish() {
    const storage::CollectionConfig& config = collection_.config();
    SL_RETURN_IF_ERROR(vectors_.Finish(EncodeNpyHeader(rows_, config.dim)));
    SL_RETURN_IF_ERROR(lines_.Finish());
    return ExportInfo{.model_name = config.model_name,
                      .model_fingerprint = config.model_fingerprint,
                      .dim = config.dim,
                      .items = items_,
                      .units = units_,
                      .rows = rows_,
                      .epoch = collection_.View()->epoch().value,
                      .created_at = UnixSeconds(),
                      .settings = collection_.settings()};
  }

  uint64_t items() const { return items_; }

 private:
  Status WriteUnit(const ItemRecord& item, const UnitRecord& unit, bool is_first_of_item) {
    ++units_;
    const std::string path = item.paths.empty() ? std::string() : item.paths[0].path;
    for (const storage::UnitVector& vector : unit.vectors) {
      ExportLine line{.row = rows_++,
                      .item = item.id,
                      .unit = unit.id,
                      .type = unit.type,
                      .range = unit.range,
                      .frame_us = vector.frame_time_us,
                      .record = std::nullopt};
      if (std::exchange(is_first_of_item, false)) line.record = item;
      SL_RETURN_IF_ERROR(lines_.Append(EncodeExportLine(line, path) + "\n"));
      const auto* bytes = reinterpret_cast<const char*>(vector.embedding.data());
      SL_RETURN_IF_ERROR(vectors_.Append({bytes, vector.embedding.size() * sizeof(float)}));
    }
    return {};
  }

  const storage::Collection& collection_;
  OutputFile vectors_;
  OutputFile lines_;
  uint64_t items_ = 0;
  uint64_t units_ = 0;
  uint64_t rows_ = 0;
};

Status WriteItems(const storage::Collection& collection, ExportWriter& writer, const ExportProgress& progress,
                  const std::stop_token& stop) {
  Status written;
  SL_RETURN_IF_ERROR(collection.ForEachItem([&](const ItemRecord& item) {
    if (stop.stop_requested()) {
      written = Fail(ErrorCode::kCancelled, "the export was stopped; nothing is left of it");
      return false;
    }
    written = writer.WriteItem(item);
    if (written && progress) progress(writer.items());
    return written.has_value();
  }));
  return written;
}

}  // namespace

Result<ExportInfo> ExportCollection(const storage::Collection& collection, const fs::path& out,
                                    const ExportProgress& progress, std::stop_token stop) {
  return Guard("export", [&]() -> Result<ExportInfo> {
    SL_ASSIGN_OR_RETURN(TemporaryFolder folder, TemporaryFolder::Make(out));
    SL_ASSIGN_OR_RETURN(ExportWriter writer, ExportWriter::Open(collection, folder.path()));
    SL_RETURN_IF_ERROR(WriteItems(collection, writer, progress, stop));
    SL_ASSIGN_OR_RETURN(const ExportInfo info, writer.Finish());
    SL_RETURN_IF_ERROR(WriteFileAtomically(folder.path() / kExportInfo, EncodeExportInfo(info)));
    SL_RETURN_IF_ERROR(folder.Publish());
    return info;
  });
}

}  // namespace sightline::indexer
