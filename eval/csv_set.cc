// SPDX-License-Identifier: BSD-3-Clause
#include "eval/csv_set.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "eval/csv.h"
#include "eval/set_builder.h"
#include "eval/set_file.h"
#include "eval/video_files.h"

namespace sightline::eval {
namespace {

struct Columns {
  size_t count = 0;
  size_t image = 0;
  size_t caption = 0;
  std::string image_name = {};
};

Result<size_t> ColumnOf(const CsvRow& head, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto count = std::count(head.fields.begin(), head.fields.end(), name);
    if (count > 1) return Fail(ErrorCode::kInvalidArgument, fmt::format("the head line has \"{}\" twice", name));
    if (count == 0) continue;
    return static_cast<size_t>(std::find(head.fields.begin(), head.fields.end(), name) - head.fields.begin());
  }
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("the head line has no column \"{}\"", fmt::join(names, "\" or \"")));
}

Result<Columns> ReadHead(const CsvRow& head, const CsvSetOptions& options) {
  Columns columns = {.count = head.fields.size()};
  SL_ASSIGN_OR_RETURN(columns.image, ColumnOf(head, options.image_columns));
  SL_ASSIGN_OR_RETURN(columns.caption, ColumnOf(head, options.caption_columns));
  columns.image_name = head.fields[columns.image];
  return columns;
}

Status AddRow(CsvRow row, const Columns& columns, SetBuilder& builder) {
  if (row.fields.size() != columns.count) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("line {} has {} fields, the head line {}", row.line, row.fields.size(), columns.count));
  }
  const std::string where = fmt::format("line {}", row.line);
  std::string& image = row.fields[columns.image];
  if (image.empty()) {
    builder.LeaveOut(where, fmt::format("no {}", columns.image_name));
    return {};
  }
  const size_t number = builder.ImageOf(std::move(image), where);
  builder.AddCaptionOnce(std::move(row.fields[columns.caption]), number, where);
  return {};
}

}  // namespace

Result<RetrievalSet> ParseCsvSet(ByteChunks chunks, const CsvSetOptions& options) {
  std::optional<Columns> columns;
  SetBuilder builder;
  SL_RETURN_IF_ERROR(StreamCsv(std::move(chunks), options.separator, [&](CsvRow row) -> Status {
    if (columns) return AddRow(std::move(row), *columns, builder);
    SL_ASSIGN_OR_RETURN(columns, ReadHead(row, options));
    return {};
  }));
  if (!columns) return Fail(ErrorCode::kInvalidArgument, "no head line: the file is empty");
  RetrievalSet set = std::move(builder).Release();
  set.has_videos = NamesVideos(set);
  return set;
}

Result<RetrievalSet> ReadCsvSet(const std::filesystem::path& path, const CsvSetOptions& options) {
  return ReadSetFile(path, [&options](ByteChunks chunks) { return ParseCsvSet(std::move(chunks), options); });
}

}  // namespace sightline::eval
