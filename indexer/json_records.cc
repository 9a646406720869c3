// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/json_records.h"

#include <string_view>
#include <utility>

namespace sightline::indexer {
namespace {

constexpr size_t kBufferBytes = 256 << 10;

bool IsSpace(int c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool IsBlankText(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

void Append(JsonRecord& record, int c) {
  if (!record.error.empty()) return;
  if (record.text.size() == JsonRecordReader::kMaxRecordBytes) {
    record.error = "longer than " + std::to_string(JsonRecordReader::kMaxRecordBytes) + " bytes";
    record.text.clear();
    return;
  }
  record.text.push_back(static_cast<char>(c));
}

}  // namespace

Result<JsonRecordReader> JsonRecordReader::Open(const std::filesystem::path& path) {
  JsonRecordReader reader;
  SL_ASSIGN_OR_RETURN(reader.file_, OpenFileStream(path));
  reader.buffer_.resize(kBufferBytes);
  reader.SkipByteOrderMark();
  if (reader.Peek() == '[') {
    reader.Take();
    reader.is_array_ = true;
    reader.next_number_ = 0;
  }
  return reader;
}

bool JsonRecordReader::Next(JsonRecord& record) {
  record = {};
  if (done_) return false;
  return is_array_ ? NextElement(record) : NextLine(record);
}

std::string JsonRecordReader::NameOf(const JsonRecord& record) const {
  return (is_array_ ? "entry " : "line ") + std::to_string(record.number);
}

// The next byte, or EOF at the end and after a read error.
int JsonRecordReader::Peek() {
  if (at_ == filled_) {
    at_ = 0;
    filled_ = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
    if (filled_ == 0) return EOF;
  }
  return static_cast<unsigned char>(buffer_[at_]);
}

int JsonRecordReader::Take() {
  const int c = Peek();
  if (c != EOF) ++at_;
  return c;
}

int JsonRecordReader::PeekBehindSpace() {
  while (IsSpace(Peek())) Take();
  return Peek();
}

// And, to recognise an array, what white space follows it when an array follows that.
void JsonRecordReader::SkipByteOrderMark() {
  Peek();
  std::string_view start(buffer_.data(), filled_);
  if (start.starts_with("\xEF\xBB\xBF")) at_ = 3;
  start.remove_prefix(at_);
  const size_t first = start.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && start[first] == '[') at_ += first;
}

bool JsonRecordReader::NextLine(JsonRecord& record) {
  do {
    record = {};
    if (Peek() == EOF) return End(record, {});
    record.number = next_number_++;
    for (int c = Take(); c != EOF && c != '\n'; c = Take()) Append(record, c);
  } while (record.error.empty() && IsBlankText(record.text));
  return true;
}

bool JsonRecordReader::NextElement(JsonRecord& record) {
  const uint64_t number = next_number_++;
  record.number = number;
  int next = PeekBehindSpace();
  if (number > 0 && next == ',') {
    Take();
    next = PeekBehindSpace();
  }
  if (next == EOF) return End(record, "the array does not end: the file is cut off");
  if (next == ']') {
    Take();
    return End(record, PeekBehindSpace() == EOF ? "" : "something follows the array");
  }
  ReadElement(record);
  if (record.error.empty() && IsBlankText(record.text)) record.error = "empty";
  return true;
}

// Up to the comma or bracket that ends the element, which stays. Strings are skipped over, brackets only counted: what
// is wrong inside an element is the parser's to say.
void JsonRecordReader::ReadElement(JsonRecord& record) {
  int depth = 0;
  bool in_string = false;
  for (int c = Peek(); c != EOF; c = Peek()) {
    if (!in_string && depth == 0 && (c == ',' || c == ']')) return;
    Append(record, Take());
    if (in_string) {
      if (c == '\\' && Peek() != EOF) Append(record, Take());
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
}

// The end of the records. Returns whether `record` says something about it.
bool JsonRecordReader::End(JsonRecord& record, std::string error) {
  done_ = true;
  if (std::ferror(file_.get()) != 0) error = "cannot be read any further";
  record.error = std::move(error);
  return !record.error.empty();
}

}  // namespace sightline::indexer
