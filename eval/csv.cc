// SPDX-License-Identifier: BSD-3-Clause
#include "eval/csv.h"

#include <utility>

namespace sightline::eval {
namespace {

constexpr size_t kMaxRowBytes = 16 << 20;

// Takes a text byte by byte, in whatever pieces it comes.
class CsvSplitter {
 public:
  CsvSplitter(char separator, const OnCsvRow& on_row) : separator_(separator), on_row_(on_row) {}

  Status Take(char c) {
    if (++row_bytes_ > kMaxRowBytes) {
      return Fail(ErrorCode::kResourceExhausted, Line(row_.line) + ": a row of more than 16 MiB");
    }
    switch (state_) {
      case State::kFieldStart:
        state_ = c == '"' ? State::kQuoted : State::kPlain;
        quote_line_ = line_;
        return c == '"' ? Status() : TakePlain(c);
      case State::kPlain:
        return TakePlain(c);
      case State::kQuoted:
        TakeQuoted(c);
        return {};
      case State::kBehindQuote:
      case State::kBehindQuoteAndReturn:
        return TakeBehindQuote(c);
    }
    return {};
  }

  Status Finish() {
    if (state_ == State::kQuoted) return Fail(ErrorCode::kCorruption, Line(quote_line_) + ": a quote is never closed");
    const bool is_in_row = state_ != State::kFieldStart || !row_.fields.empty();
    return is_in_row ? EndRow() : Status();
  }

 private:
  enum class State { kFieldStart, kPlain, kQuoted, kBehindQuote, kBehindQuoteAndReturn };

  static std::string Line(size_t line) { return "line " + std::to_string(line); }

  Status TakePlain(char c) {
    if (c == '\n') return EndRow();
    if (c == separator_) {
      EndField();
    } else {
      field_.push_back(c);
    }
    return {};
  }

  void TakeQuoted(char c) {
    if (c == '"') {
      state_ = State::kBehindQuote;
      return;
    }
    if (c == '\n') ++line_;
    field_.push_back(c);
  }

  Status TakeBehindQuote(char c) {
    if (c == '\n') return EndRow();
    if (state_ == State::kBehindQuoteAndReturn || (c != '"' && c != separator_ && c != '\r')) {
      return Fail(ErrorCode::kCorruption, Line(line_) + ": text behind a closing quote");
    }
    if (c == separator_) {
      EndField();
    } else if (c == '\r') {
      state_ = State::kBehindQuoteAndReturn;
    } else {
      field_.push_back(c);
      state_ = State::kQuoted;
    }
    return {};
  }

  void EndField() {
    row_.fields.push_back(std::exchange(field_, {}));
    state_ = State::kFieldStart;
  }

  Status EndRow() {
    if (state_ == State::kPlain && field_.ends_with('\r')) field_.pop_back();
    EndField();
    ++line_;
    row_bytes_ = 0;
    CsvRow row = std::exchange(row_, {.line = line_, .fields = {}});
    const bool is_empty = row.fields.size() == 1 && row.fields[0].empty();
    return is_empty ? Status() : on_row_(std::move(row));
  }

  char separator_;
  const OnCsvRow& on_row_;
  State state_ = State::kFieldStart;
  size_t line_ = 1;
  size_t quote_line_ = 1;  // Where the quoted field begins.
  size_t row_bytes_ = 0;
  std::string field_;
  CsvRow row_ = {.line = 1, .fields = {}};
};

}  // namespace

Status StreamCsv(ByteChunks chunks, char separator, const OnCsvRow& on_row) {
  CsvSplitter splitter(separator, on_row);
  for (;;) {
    SL_ASSIGN_OR_RETURN(const std::string_view bytes, chunks.Next());
    if (bytes.empty()) return splitter.Finish();
    for (const char c : bytes) SL_RETURN_IF_ERROR(splitter.Take(c));
  }
}

Result<std::vector<CsvRow>> ParseCsv(std::string_view text) {
  std::vector<CsvRow> rows;
  SL_RETURN_IF_ERROR(StreamCsv(ByteChunks::OfText(text), ',', [&rows](CsvRow row) -> Status {
    rows.push_back(std::move(row));
    return {};
  }));
  return rows;
}

}  // namespace sightline::eval
