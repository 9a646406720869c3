// SPDX-License-Identifier: BSD-3-Clause
#include "eval/csv.h"

#include <algorithm>
#include <utility>

namespace sightline::eval {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class CsvScanner {
 public:
  explicit CsvScanner(std::string_view text) : rest_(text) {
    if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
  }

  bool at_end() const { return rest_.empty(); }

  Result<CsvRow> Row() {
    CsvRow row = {.line = line_, .fields = {}};
    do {
      SL_ASSIGN_OR_RETURN(std::string field, rest_.starts_with('"') ? QuotedField() : PlainField());
      row.fields.push_back(std::move(field));
    } while (Skip(","));
    SkipLineEnd();
    return row;
  }

 private:
  bool Skip(std::string_view what) {
    if (!rest_.starts_with(what)) return false;
    rest_.remove_prefix(what.size());
    return true;
  }

  bool AtLineEnd() const { return rest_.empty() || rest_.starts_with('\n') || rest_.starts_with("\r\n"); }

  void SkipLineEnd() {
    if (Skip("\r\n") || Skip("\n")) ++line_;
  }

  std::string Take(size_t length) {
    std::string taken(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return taken;
  }

  Result<std::string> PlainField() {
    std::string field = Take(std::min(rest_.find_first_of(",\n"), rest_.size()));
    if (AtLineEnd() && field.ends_with('\r')) field.pop_back();
    return field;
  }

  Result<std::string> QuotedField() {
    const size_t first_line = line_;
    std::string field;
    rest_.remove_prefix(1);
    for (;;) {
      const size_t quote = rest_.find('"');
      if (quote == std::string_view::npos) {
        return Fail(ErrorCode::kCorruption, "line " + std::to_string(first_line) + ": a quote is never closed");
      }
      const std::string part = Take(quote);
      line_ += static_cast<size_t>(std::count(part.begin(), part.end(), '\n'));
      field += part;
      rest_.remove_prefix(1);
      if (!Skip("\"")) break;
      field += '"';
    }
    if (!AtLineEnd() && !rest_.starts_with(',')) {
      return Fail(ErrorCode::kCorruption, "line " + std::to_string(line_) + ": text behind a closing quote");
    }
    return field;
  }

  std::string_view rest_;
  size_t line_ = 1;
};

}  // namespace

Result<std::vector<CsvRow>> ParseCsv(std::string_view text) {
  CsvScanner scanner(text);
  std::vector<CsvRow> rows;
  while (!scanner.at_end()) {
    SL_ASSIGN_OR_RETURN(CsvRow row, scanner.Row());
    const bool is_empty = row.fields.size() == 1 && row.fields[0].empty();
    if (!is_empty) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace sightline::eval
