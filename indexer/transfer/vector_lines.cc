// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/vector_lines.h"

#include <array>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "indexer/json_metadata_internal.h"
#include "indexer/location.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

tl::unexpected<Error> Invalid(std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); }

/// The row that a record is about.
uint64_t RowOf(const JsonRecordReader& reader, const JsonRecord& record) {
  return reader.is_array() ? record.number : record.number - 1;
}

Result<std::string> PathOf(const json::value& value, const fs::path& folder) {
  const json::string* text = value.if_string();
  if (text == nullptr || text->empty()) return Invalid("the path must be text");
  const std::string_view path = ViewOf(*text);
  if (path.find('\0') != std::string_view::npos) return Invalid("a path with a zero byte");
  if (IsUrl(path) && !path.starts_with("file://")) return std::string(path);
  return ItemLocation(folder, path);
}

Result<std::string> IdOf(const json::value& value) {
  if (const json::string* text = value.if_string(); text != nullptr && !text->empty())
    return std::string(ViewOf(*text));
  if (value.is_int64() || value.is_uint64()) return json::serialize(value);
  return Invalid("\"id\" must be text or an integer");
}

Status ReadMember(std::string_view key, const json::value& value, const fs::path& folder, VectorLine& line) {
  if (value.is_null()) return {};
  if (key == "id") {
    SL_ASSIGN_OR_RETURN(line.id, IdOf(value));
    return {};
  }
  if (key == "path" || key == "uri") {
    if (!line.path.empty()) return Invalid("both \"path\" and \"uri\"");
    SL_ASSIGN_OR_RETURN(line.path, PathOf(value, folder));
    return {};
  }
  if (key == "type") {
    const json::string* text = value.if_string();
    const auto type = text == nullptr ? std::nullopt : UnitTypeFromName(ViewOf(*text));
    if (!type) return Invalid("\"type\" must be \"image\", \"clip\" or \"text\"");
    line.type = *type;
    return {};
  }
  if (key != "metadata")
    return Invalid(fmt::format("\"{}\" is no key of a line; metadata goes into \"metadata\"", key));
  if (!value.is_object()) return Invalid("\"metadata\" must be an object");
  SL_ASSIGN_OR_RETURN(line.metadata, MetadataFromJson(value.get_object(), UnknownValues::kRefuse));
  return {};
}

Status ReadStrict(const json::object& object, const fs::path& folder, VectorLine& line) {
  for (const auto& [key, value] : object) SL_RETURN_IF_ERROR(ReadMember(ViewOf(key), value, folder, line));
  if (!line.id.empty() && !line.path.empty()) return Invalid("both an id and a path");
  return {};
}

Status ReadFlat(json::object object, const fs::path& folder, VectorLine& line) {
  constexpr std::array kPathKeys = {"image_path", "path", "url"};
  for (const char* key : kPathKeys) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_string() || value->get_string().empty()) continue;
    SL_ASSIGN_OR_RETURN(line.path, PathOf(*value, folder));
    object.erase(key);
    break;
  }
  SL_ASSIGN_OR_RETURN(line.metadata, MetadataFromJson(object, UnknownValues::kSkip));
  return {};
}

Result<VectorLine> ParseLine(const JsonRecord& record, const fs::path& folder, LineStyle style) {
  if (!record.error.empty()) return Invalid(record.error);
  SL_ASSIGN_OR_RETURN(json::object object, ParseJsonObject(record.text));
  VectorLine line;
  SL_RETURN_IF_ERROR(style == LineStyle::kStrict ? ReadStrict(object, folder, line)
                                                 : ReadFlat(std::move(object), folder, line));
  return line;
}

}  // namespace

Result<VectorLineReader> VectorLineReader::Open(const fs::path& file, LineStyle style) {
  SL_ASSIGN_OR_RETURN(JsonRecordReader reader, JsonRecordReader::Open(file));
  std::error_code error;
  const fs::path canonical = fs::canonical(file, error);
  VectorLineReader lines(std::move(reader), (error ? fs::absolute(file, error) : canonical).parent_path(), style);
  lines.ReadAhead();
  return lines;
}

void VectorLineReader::ReadAhead() { has_ahead_ = reader_.Next(ahead_); }

VectorLine VectorLineReader::Next() {
  const uint64_t row = next_row_++;
  if (!has_ahead_ || RowOf(reader_, ahead_) != row) return {};
  auto line = ParseLine(ahead_, folder_, style_);
  VectorLine result;
  if (line) {
    result = *std::move(line);
  } else {
    result.error = fmt::format("{}: {}", reader_.NameOf(ahead_), line.error().message);
  }
  ReadAhead();
  return result;
}

Result<uint64_t> CountVectorLines(const fs::path& file) {
  SL_ASSIGN_OR_RETURN(JsonRecordReader reader, JsonRecordReader::Open(file));
  uint64_t rows = 0;
  JsonRecord record;
  while (reader.Next(record)) rows = RowOf(reader, record) + 1;
  return rows;
}

}  // namespace sightline::indexer
