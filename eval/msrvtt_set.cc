// SPDX-License-Identifier: BSD-3-Clause
#include "eval/msrvtt_set.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/file_io.h"
#include "eval/csv.h"

namespace sightline::eval {
namespace {

constexpr uint64_t kMaxFileBytes = 1'000'000'000;

struct Columns {
  size_t count = 0;
  size_t video = 0;
  size_t sentence = 0;
};

Result<size_t> ColumnOf(const CsvRow& head, const std::string& name) {
  const auto first = std::find(head.fields.begin(), head.fields.end(), name);
  if (first == head.fields.end()) {
    return Fail(ErrorCode::kInvalidArgument, "the head line has no column \"" + name + "\"");
  }
  if (std::find(first + 1, head.fields.end(), name) != head.fields.end()) {
    return Fail(ErrorCode::kInvalidArgument, "the head line has the column \"" + name + "\" twice");
  }
  return static_cast<size_t>(first - head.fields.begin());
}

Result<Columns> ReadHead(const std::vector<CsvRow>& rows) {
  if (rows.empty()) return Fail(ErrorCode::kInvalidArgument, "no head line: the file is empty");
  Columns columns = {.count = rows[0].fields.size()};
  SL_ASSIGN_OR_RETURN(columns.video, ColumnOf(rows[0], "video_id"));
  SL_ASSIGN_OR_RETURN(columns.sentence, ColumnOf(rows[0], "sentence"));
  return columns;
}

// Adds rows to a set, each video once.
class SetBuilder {
 public:
  void Add(std::string video, std::string sentence, size_t line) {
    const std::string where = "line " + std::to_string(line);
    if (video.empty()) {
      set_.left_out.push_back(where + ": no video_id");
      return;
    }
    const auto [seen, is_new] = lines_.emplace(std::pair(video, sentence), line);
    if (!is_new) {
      set_.left_out.push_back(where + ": repeats line " + std::to_string(seen->second));
      return;
    }
    const auto [known, is_new_video] = videos_.emplace(video, set_.images.size());
    if (is_new_video) set_.images.push_back(std::move(video));
    AddCaption(std::move(sentence), known->second, where, set_);
  }

  RetrievalSet Release() && { return std::move(set_); }

 private:
  RetrievalSet set_ = {.images = {}, .captions = {}, .left_out = {}, .has_videos = true};
  std::map<std::string, size_t> videos_;
  std::map<std::pair<std::string, std::string>, size_t> lines_;
};

}  // namespace

Result<RetrievalSet> ParseMsrvttCsv(std::string_view csv) {
  SL_ASSIGN_OR_RETURN(std::vector<CsvRow> rows, ParseCsv(csv));
  SL_ASSIGN_OR_RETURN(const Columns columns, ReadHead(rows));
  SetBuilder builder;
  for (size_t i = 1; i < rows.size(); ++i) {
    CsvRow& row = rows[i];
    if (row.fields.size() != columns.count) {
      return Fail(ErrorCode::kInvalidArgument, "line " + std::to_string(row.line) + " has " +
                                                   std::to_string(row.fields.size()) + " fields, the head line " +
                                                   std::to_string(columns.count));
    }
    builder.Add(std::move(row.fields[columns.video]), std::move(row.fields[columns.sentence]), row.line);
  }
  return std::move(builder).Release();
}

Result<RetrievalSet> ReadMsrvttCsv(const std::filesystem::path& path) {
  SL_ASSIGN_OR_RETURN(const std::string csv, ReadFile(path, kMaxFileBytes));
  auto set = ParseMsrvttCsv(csv);
  if (!set) return Annotate(std::move(set).error(), path.string());
  return set;
}

}  // namespace sightline::eval
