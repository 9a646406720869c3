// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/vector_files.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/file_io.h"
#include "indexer/transfer/npy_reader.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;

/// The files of a folder with one extension, by the number at the end of their names, then by name. A folder that does
/// not exist has none.
Result<std::vector<fs::path>> ListNumbered(const fs::path& folder, std::string_view extension) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error == std::errc::no_such_file_or_directory) return files;
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    if (entries->path().extension() == extension) files.push_back(entries->path());
  }
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "list", folder));
  return files;
}

/// The digits at the end of a name without its extension; empty where there are none.
std::string NumberOf(const fs::path& file) {
  const std::string stem = file.stem().string();
  const size_t last = stem.find_last_not_of("0123456789");
  return last == std::string::npos ? stem : stem.substr(last + 1);
}

bool ComesBefore(const fs::path& a, const fs::path& b) {
  const auto value = [](const std::string& digits) {
    uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  };
  return std::pair(value(NumberOf(a)), a.native()) < std::pair(value(NumberOf(b)), b.native());
}

tl::unexpected<Error> ParquetError(const fs::path& parquet) {
  return Fail(ErrorCode::kUnsupported,
              fmt::format("{0}: Parquet is not read; turn it into JSON lines beside it, for example with python3 -c "
                          "\"import pandas; pandas.read_parquet('{1}').to_json('{2}.jsonl', orient='records', "
                          "lines=True)\", or import the vectors alone with --no-metadata",
                          parquet.string(), parquet.filename().string(), parquet.stem().string()));
}

/// The companion with the number of `vectors`, if there is one.
Result<std::optional<fs::path>> CompanionOf(const fs::path& vectors, const std::vector<fs::path>& lines,
                                            const std::vector<fs::path>& parquets) {
  const auto has_number = [number = NumberOf(vectors)](const fs::path& file) { return NumberOf(file) == number; };
  if (const auto it = std::find_if(lines.begin(), lines.end(), has_number); it != lines.end()) return *it;
  const auto parquet = std::find_if(parquets.begin(), parquets.end(), has_number);
  if (parquet != parquets.end()) return ParquetError(*parquet);
  return std::nullopt;
}

}  // namespace

Result<uint32_t> ColumnsOf(std::span<const VectorFile> files) {
  std::optional<Error> first_error;
  const VectorFile* first_file = nullptr;
  uint32_t columns = 0;
  for (const VectorFile& file : files) {
    const auto reader = NpyReader::Open(file.vectors);
    if (!reader) {
      if (!first_error) first_error = reader.error();
      continue;
    }
    if (first_file == nullptr) {
      first_file = &file;
      columns = reader->columns();
    } else if (reader->columns() != columns) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{} has vectors of {} values, {} of {}", first_file->vectors.string(), columns,
                              file.vectors.string(), reader->columns()));
    }
  }
  if (first_file != nullptr) return columns;
  if (first_error) return tl::unexpected<Error>(*std::move(first_error));
  return Fail(ErrorCode::kInvalidArgument, "no vectors are given");
}

Result<ClipRetrievalFolder> ListClipRetrievalFolder(const fs::path& folder, bool without_metadata) {
  SL_ASSIGN_OR_RETURN(std::vector<fs::path> vectors, ListNumbered(folder / "img_emb", ".npy"));
  SL_ASSIGN_OR_RETURN(const auto texts, ListNumbered(folder / "text_emb", ".npy"));
  SL_ASSIGN_OR_RETURN(const auto lines, ListNumbered(folder / "metadata", ".jsonl"));
  SL_ASSIGN_OR_RETURN(const auto parquets, ListNumbered(folder / "metadata", ".parquet"));
  if (vectors.empty()) {
    return Fail(ErrorCode::kNotFound,
                folder.string() + ": there is no img_emb/*.npy as clip-retrieval writes it, and no export.json");
  }
  std::sort(vectors.begin(), vectors.end(), ComesBefore);
  ClipRetrievalFolder found;
  for (fs::path& file : vectors) {
    VectorFile& added = found.files.emplace_back();
    added.style = LineStyle::kFlat;
    if (!without_metadata) {
      SL_ASSIGN_OR_RETURN(added.lines, CompanionOf(file, lines, parquets));
    }
    added.vectors = std::move(file);
  }
  if (!texts.empty()) {
    found.notes.push_back({(folder / "text_emb").string(), "text embeddings are left out: one item has one vector"});
  }
  if (without_metadata && lines.size() + parquets.size() > 0) {
    found.notes.push_back({(folder / "metadata").string(), "left out, as asked for"});
  }
  return found;
}

}  // namespace sightline::indexer
