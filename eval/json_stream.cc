// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>

#include "base/guard.h"
#include "eval/json_record_handler_internal.h"
#include "eval/json_stream_internal.h"

namespace sightline::eval {
namespace {

namespace json = boost::json;

using RecordParser = json::basic_parser<RecordHandler>;

// What the parser found at `bytes[at]`, which is at `offset` of the file.
Error NotJson(const json::error_code& error, std::string_view bytes, size_t at, uint64_t offset) {
  const bool is_ascii = at >= bytes.size() || static_cast<unsigned char>(bytes[at]) < 0x80;
  if (is_ascii || error != json::error::syntax) {
    return {ErrorCode::kCorruption, fmt::format("not JSON at byte {}: {}", offset + at, error.message())};
  }
  return {ErrorCode::kCorruption, fmt::format("not UTF-8, or not JSON, at byte {}", offset + at)};
}

// One piece of a document. @return whether to go on.
Result<bool> Feed(RecordParser& parser, std::string_view bytes, uint64_t offset, bool has_more) {
  json::error_code error;
  const size_t used = parser.write_some(has_more, bytes.data(), bytes.size(), error);
  if (parser.handler().failure()) return tl::unexpected<Error>(*parser.handler().failure());
  if (parser.handler().stopped()) return false;
  if (!error && used < bytes.size()) error = json::error::extra_data;
  if (error) return tl::unexpected<Error>(NotJson(error, bytes, used, offset));
  return true;
}

// Cuts pieces at line ends and feeds them line by line.
class LineFeeder {
 public:
  explicit LineFeeder(RecordParser& parser) : parser_(parser) {}

  Result<bool> Take(std::string_view bytes, uint64_t offset) {
    while (!bytes.empty()) {
      const size_t end = std::min(bytes.find('\n'), bytes.size());
      SL_ASSIGN_OR_RETURN(bool go_on, Part(bytes.substr(0, end), offset));
      if (go_on && end < bytes.size()) {
        SL_ASSIGN_OR_RETURN(go_on, EndLine(offset + end));
      }
      if (!go_on) return false;
      const size_t taken = std::min(end + 1, bytes.size());
      offset += taken;
      bytes.remove_prefix(taken);
    }
    return true;
  }

  Result<bool> EndLine(uint64_t offset) {
    bool go_on = true;
    if (has_text_) {
      SL_ASSIGN_OR_RETURN(go_on, Named(Feed(parser_, {}, offset, false)));
    }
    parser_.reset();
    has_text_ = false;
    ++line_;
    return go_on;
  }

 private:
  Result<bool> Part(std::string_view part, uint64_t offset) {
    if (!has_text_ && part.find_first_not_of(" \t\r") == std::string_view::npos) return true;
    if (!has_text_) parser_.handler().BeginLine(line_);
    has_text_ = true;
    return Named(Feed(parser_, part, offset, true));
  }

  // The parser's own errors know only the byte.
  Result<bool> Named(Result<bool> fed) const {
    if (fed || parser_.handler().failure()) return fed;
    return Annotate(std::move(fed).error(), fmt::format("line {}", line_));
  }

  RecordParser& parser_;
  size_t line_ = 1;
  bool has_text_ = false;
};

}  // namespace

Result<std::vector<bool>> StreamRecords(ByteChunks chunks, const RecordShape& shape, const OnRecord& on_record) {
  return Guard("read the evaluation set", [&]() -> Result<std::vector<bool>> {
    RecordParser parser(json::parse_options(), shape, false, on_record);
    bool go_on = true;
    for (bool has_more = true; go_on && has_more;) {
      SL_ASSIGN_OR_RETURN(const std::string_view bytes, chunks.Next());
      has_more = !bytes.empty();
      SL_ASSIGN_OR_RETURN(go_on, Feed(parser, bytes, chunks.offset(), has_more));
    }
    return std::move(parser.handler()).seen();
  });
}

Status StreamLines(ByteChunks chunks, const std::vector<std::string>& keys, const OnRecord& on_record) {
  return Guard("read the evaluation set", [&]() -> Status {
    const RecordShape shape = {.lists = {""}, .keys = keys};
    RecordParser parser(json::parse_options(), shape, true, on_record);
    LineFeeder feeder(parser);
    for (;;) {
      SL_ASSIGN_OR_RETURN(const std::string_view bytes, chunks.Next());
      if (bytes.empty()) break;
      SL_ASSIGN_OR_RETURN(const bool go_on, feeder.Take(bytes, chunks.offset()));
      if (!go_on) return {};
    }
    SL_RETURN_IF_ERROR(feeder.EndLine(chunks.offset()));
    return {};
  });
}

Result<std::string> TextOf(const StreamedRecord& record, std::string_view key) {
  const json::value* value = record.fields.if_contains(json::string_view(key.data(), key.size()));
  if (value == nullptr) return WrongRecord(record, fmt::format("no \"{}\"", key));
  if (!value->is_string() || value->get_string().empty()) {
    return WrongRecord(record, fmt::format("\"{}\" is not a text, or an empty one", key));
  }
  return std::string(value->get_string());
}

Result<std::string> IdOf(const StreamedRecord& record, std::string_view key) {
  const json::value* value = record.fields.if_contains(json::string_view(key.data(), key.size()));
  if (value != nullptr && value->is_int64()) return std::to_string(value->get_int64());
  if (value != nullptr && value->is_uint64()) return std::to_string(value->get_uint64());
  if (value != nullptr && value->is_string() && !value->get_string().empty()) return std::string(value->get_string());
  return WrongRecord(record, fmt::format("\"{}\" is not an id", key));
}

tl::unexpected<Error> WrongRecord(const StreamedRecord& record, std::string_view what) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", record.where, what));
}

}  // namespace sightline::eval
