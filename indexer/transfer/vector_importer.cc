// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/vector_importer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/guard.h"
#include "base/sha256.h"
#include "indexer/item_metadata.h"
#include "indexer/run_log.h"
#include "indexer/seen_names.h"
#include "indexer/transfer/npy_reader.h"
#include "indexer/transfer/unit_vector.h"
#include "indexer/transfer/vector_lines.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxBatchRows = 4096;
constexpr std::string_view kHashDomain = "sightline vector 1\n";

/// One row on its way to a commit.
struct Row {
  storage::ItemPath location;
  UnitType type = UnitType::kImage;
  Metadata metadata;
  Embedding embedding;
  storage::ContentHash hash{};
};

/// Over the path as well: rows with the same vector stay items of their own.
storage::ContentHash HashOf(const Row& row) {
  Sha256 sha;
  sha.Update(kHashDomain);
  const std::array<uint64_t, 3> numbers = {static_cast<uint64_t>(row.type), row.location.path.size(),
                                           row.embedding.size()};
  sha.Update(std::as_bytes(std::span(numbers)));
  sha.Update(row.location.path);
  sha.Update(std::as_bytes(std::span(row.embedding)));
  HashMetadata(sha, row.metadata);
  const Sha256Digest digest = sha.Finish();
  storage::ContentHash hash;
  std::copy_n(digest.begin(), hash.size(), hash.begin());
  return hash;
}

uint64_t RowsOf(const VectorFile& file) {
  const auto reader = NpyReader::Open(file.vectors);
  return reader ? reader->rows() : 1;  // A file that fails counts as one.
}

std::vector<std::string> JobInputsOf(std::span<const VectorFile> files) {
  std::vector<std::string> inputs;
  for (const VectorFile& file : files) {
    inputs.push_back("--vectors=" + file.vectors.string());
    if (file.lines) inputs.push_back("--metadata=" + file.lines->string());
  }
  return inputs;
}

/// One run over all files.
class ImportRun {
 public:
  ImportRun(storage::Collection& collection, const VectorImportOptions& options, RunLog& log, std::stop_token stop)
      : collection_(collection), options_(options), log_(log), stop_(std::move(stop)), now_(UnixSeconds()) {}

  /// Whether it came to the end.
  Result<bool> Run(std::span<const VectorFile> files) {
    for (const VectorFile& file : files) total_ += RowsOf(file);
    BatchTally first;
    first.notes = options_.notes;
    SL_RETURN_IF_ERROR(log_.Commit({}, std::move(first)));
    for (const VectorFile& file : files) {
      SL_ASSIGN_OR_RETURN(const bool finished, ImportFile(file));
      if (!finished) return false;
    }
    return true;
  }

 private:
  Result<bool> ImportFile(const VectorFile& file) {
    std::error_code error;
    const fs::path canonical = fs::canonical(file.vectors, error);
    path_ = error ? file.vectors.string() : canonical.string();
    has_lines_ = file.lines.has_value();
    normalised_ = 0;
    auto source = OpenSource(file);
    if (!source) return FailFile(std::move(source).error(), RowsOf(file));
    SL_ASSIGN_OR_RETURN(const bool finished, ImportRows(*source));
    if (!finished) return false;
    NoteFile(source->vectors);
    SL_RETURN_IF_ERROR(CommitBatch());
    return true;
  }

  struct OpenFile {
    NpyReader vectors;
    std::optional<VectorLineReader> lines;
  };

  static Result<OpenFile> OpenSource(const VectorFile& file) {
    SL_ASSIGN_OR_RETURN(NpyReader vectors, NpyReader::Open(file.vectors));
    if (!vectors.header().is_matrix) {
      return Fail(ErrorCode::kUnsupported, "it has one dimension, not the two of a matrix");
    }
    OpenFile source{std::move(vectors), std::nullopt};
    if (!file.lines) return source;
    SL_ASSIGN_OR_RETURN(const uint64_t lines, CountVectorLines(*file.lines));
    if (lines != source.vectors.rows()) {
      return Fail(ErrorCode::kCorruption, fmt::format("it has {} rows, and {} has {} lines", source.vectors.rows(),
                                                      file.lines->string(), lines));
    }
    SL_ASSIGN_OR_RETURN(source.lines, VectorLineReader::Open(*file.lines, file.style));
    return source;
  }

  /// Names the file among the failures, once for all its rows that are left; the run goes on.
  Result<bool> FailFile(Error error, uint64_t rows_left) {
    total_ -= rows_left;
    ++total_;
    if (const std::string prefix = path_ + ": "; error.message.starts_with(prefix)) {
      error.message.erase(0, prefix.size());
    }
    tally_.failed.push_back({path_, std::move(error.message)});
    SL_RETURN_IF_ERROR(CommitBatch());
    return true;
  }

  Result<bool> ImportRows(OpenFile& source) {
    const size_t row_bytes = source.vectors.columns() * sizeof(float);
    const size_t batch_rows = std::clamp<size_t>(options_.batch_bytes / row_bytes, 1, kMaxBatchRows);
    for (uint64_t number = 0; number < source.vectors.rows(); ++number) {
      Row row;
      const auto read = source.vectors.Next(row.embedding);
      if (!read) return FailFile(read.error(), source.vectors.rows() - number);
      row.location.size_bytes = row_bytes;
      row.location.mtime_ns = source.vectors.changed_ns();
      AddRow(number, source.lines ? source.lines->Next() : VectorLine{}, std::move(row));
      if (++in_batch_ < batch_rows) continue;
      SL_RETURN_IF_ERROR(CommitBatch());
      if (stop_.stop_requested()) return false;
    }
    return true;
  }

  void AddRow(uint64_t number, VectorLine line, Row row) {
    const std::string by_number = fmt::format("{}#{}", path_, number);
    row.location.path = by_number;
    if (!line.id.empty()) row.location.path = fmt::format("{}#{}", path_, line.id);
    if (!line.path.empty()) row.location.path = line.path;
    if (const std::string why = WhyNot(line, row); !why.empty()) {
      tally_.failed.push_back({by_number, why});
      return;
    }
    row.type = line.type;
    row.metadata = std::move(line.metadata);
    row.hash = HashOf(row);
    batch_.push_back(std::move(row));
  }

  /// Normalises the row. Not empty: why it cannot be taken.
  std::string WhyNot(const VectorLine& line, Row& row) {
    if (!line.error.empty()) return line.error;
    const auto normalised = MakeUnitVector(row.embedding);
    if (!normalised) return normalised.error().message;
    if (has_lines_ && !seen_.Insert(row.location.path)) return "its path or id came before: " + row.location.path;
    normalised_ += *normalised ? 1 : 0;
    return {};
  }

  void NoteFile(const NpyReader& vectors) {
    if (normalised_ > 0) {
      tally_.notes.push_back({path_, fmt::format("{} of {} vectors were not of unit length; they are stored normalised",
                                                 normalised_, vectors.rows())});
    }
    if (vectors.surplus_bytes() > 0) {
      tally_.notes.push_back(
          {path_, fmt::format("{} bytes behind the last row are left out", vectors.surplus_bytes())});
    }
  }

  /// Commits what is in hand.
  Status CommitBatch() {
    const std::lock_guard lock(collection_.change_mutex());
    SL_ASSIGN_OR_RETURN(storage::WriteSet changes, PlanBatch());
    SL_RETURN_IF_ERROR(log_.Commit(std::move(changes), std::exchange(tally_, {})));
    batch_.clear();
    in_batch_ = 0;
    log_.Report(total_, true, std::nullopt);
    return {};
  }

  Result<storage::WriteSet> PlanBatch() {
    SL_ASSIGN_OR_RETURN(std::vector<std::optional<storage::ItemRecord>> stored, FindStored());
    const auto is_stored = [&](size_t i) { return stored[i] && stored[i]->hash == batch_[i].hash; };
    uint64_t items = 0;
    uint64_t units = 0;
    for (size_t i = 0; i < batch_.size(); ++i) {
      items += stored[i] ? 0 : 1;
      units += is_stored(i) ? 0 : 1;
    }
    storage::WriteSet changes;
    tally_.unchanged += batch_.size() - units;
    if (units == 0) return changes;
    SL_ASSIGN_OR_RETURN(storage::AllocatedIds ids, collection_.AllocateIds(items, units));
    for (size_t i = 0; i < batch_.size(); ++i) {
      if (is_stored(i)) continue;
      tally_.Count(stored[i] ? Resolution::kUpdated : Resolution::kAdded);
      if (!stored[i]) {
        stored[i].emplace();
        stored[i]->id.value = ids.first_item.value++;
        stored[i]->added_at = now_;
      }
      Put(std::move(batch_[i]), *std::move(stored[i]), UnitId{ids.first_unit.value++}, changes);
    }
    return changes;
  }

  /// The items that have the paths of the batch, in its order.
  Result<std::vector<std::optional<storage::ItemRecord>>> FindStored() const {
    std::vector<std::optional<storage::ItemRecord>> stored(batch_.size());
    std::vector<ItemId> ids;
    std::vector<size_t> places;
    for (size_t i = 0; i < batch_.size(); ++i) {
      SL_ASSIGN_OR_RETURN(const auto found, collection_.records().FindItem(batch_[i].location.path));
      if (!found) continue;
      ids.push_back(*found);
      places.push_back(i);
    }
    SL_ASSIGN_OR_RETURN(auto items, collection_.records().GetItems(ids));
    for (size_t i = 0; i < ids.size(); ++i) stored[places[i]] = std::move(items[i]);
    return stored;
  }

  static void Put(Row row, storage::ItemRecord item, UnitId id, storage::WriteSet& changes) {
    storage::NewUnit& unit = changes.put_units.emplace_back();
    unit.record.id = id;
    unit.record.item = item.id;
    unit.record.type = row.type;
    unit.record.vectors.push_back({std::nullopt, std::move(row.embedding)});
    item.paths = {std::move(row.location)};
    item.hash = row.hash;
    item.metadata = std::move(row.metadata);
    item.units = {id};
    changes.put_items.push_back(std::move(item));
  }

  storage::Collection& collection_;
  const VectorImportOptions& options_;
  RunLog& log_;
  const std::stop_token stop_;
  const int64_t now_;
  uint64_t total_ = 0;
  SeenNames seen_;  ///< Paths of rows of files with companions.

  std::string path_;  ///< Of the file in hand.
  bool has_lines_ = false;
  uint64_t normalised_ = 0;  ///< Of its rows.
  std::vector<Row> batch_;
  size_t in_batch_ = 0;  ///< Rows since the last commit, the failed ones included.
  BatchTally tally_;
};

Status CheckCollection(const storage::CollectionConfig& config, std::span<const VectorFile> files) {
  if (!config.model_fingerprint.empty()) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("the collection was made by model \"{}\" ({:.12}); vectors of unknown origin cannot be "
                            "compared with its own: import them into a collection of raw vectors",
                            config.model_name, config.model_fingerprint));
  }
  SL_ASSIGN_OR_RETURN(const uint32_t columns, ColumnsOf(files));
  if (columns == config.dim) return {};
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("the vectors have {} values, those of the collection {}", columns, config.dim));
}

}  // namespace

Result<IndexReport> VectorImporter::Run(std::span<const VectorFile> files, IndexObserver* observer,
                                        std::stop_token stop) {
  return Guard("import", [&]() -> Result<IndexReport> {
    SL_RETURN_IF_ERROR(CheckCollection(collection_.config(), files));
    SL_ASSIGN_OR_RETURN(RunLog log, RunLog::Start(collection_, JobInputsOf(files), observer, options_.report_every));
    return EndRun(log, ImportRun(collection_, options_, log, std::move(stop)).Run(files));
  });
}

}  // namespace sightline::indexer
