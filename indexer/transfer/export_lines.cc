// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/sha256.h"
#include "encoder/text/unicode.h"
#include "indexer/json_metadata_internal.h"
#include "indexer/transfer/export_lines_internal.h"

namespace sightline::indexer {
namespace {

namespace json = boost::json;

using storage::ItemPath;
using storage::ItemRecord;

tl::unexpected<Error> Corrupt(std::string message) { return Fail(ErrorCode::kCorruption, std::move(message)); }

std::string HexOf(std::string_view bytes) {
  return ToHex({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

std::optional<std::string> FromHex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    if (error != std::errc() || end != hex.data() + i + 2) return std::nullopt;
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

/// What JSON, which is UTF-8, can show of any bytes.
std::string Shown(std::string text) {
  if (encoder::CheckUtf8(text)) return text;
  for (char& c : text) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
  return text;
}

/// Paths may be any bytes: what cannot be shown is written as hexadecimal beside it.
void PutText(json::object& object, const std::string& key, const std::string& text) {
  object[key] = Shown(text);
  if (!encoder::CheckUtf8(text)) object[key + "_hex"] = HexOf(text);
}

json::value ValueJson(const MetadataValue& value) {
  struct Visitor {
    json::value operator()(const std::string& text) const { return json::string(Shown(text)); }
    json::value operator()(int64_t number) const { return number; }
    // JSON has no other numbers; such a value is lost.
    json::value operator()(double number) const { return std::isfinite(number) ? json::value(number) : nullptr; }
    json::value operator()(const Timestamp& time) const { return json::object{{"time", time.seconds}}; }
    json::value operator()(bool flag) const { return flag; }
  };
  return std::visit(Visitor(), value);
}

json::object MetadataJson(const Metadata& metadata) {
  json::object out;
  for (const auto& [key, values] : metadata) {
    json::array list;
    for (const MetadataValue& value : values) list.push_back(ValueJson(value));
    out[Shown(key)] = std::move(list);
  }
  return out;
}

json::object ItemJson(const ItemRecord& item) {
  json::array paths;
  for (const ItemPath& path : item.paths) {
    json::object one;
    PutText(one, "path", path.path);
    one["size_bytes"] = path.size_bytes;
    one["changed_ns"] = path.mtime_ns;
    paths.push_back(std::move(one));
  }
  return {{"paths", std::move(paths)},
          {"hash", ToHex(item.hash)},
          {"width", item.width},
          {"height", item.height},
          {"added_at", item.added_at}};
}

/// The members of one object, each of which must be there and of its type.
class Members {
 public:
  explicit Members(const json::object& object) : object_(object) {}

  Result<int64_t> Integer(const char* key) const {
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_int64()) return value->get_int64();
    return Corrupt(fmt::format("\"{}\" is not an integer", key));
  }
  Result<uint64_t> Count(const char* key) const {
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_uint64()) return value->get_uint64();
    SL_ASSIGN_OR_RETURN(const int64_t number, Integer(key));
    if (number < 0) return Corrupt(fmt::format("\"{}\" is negative", key));
    return static_cast<uint64_t>(number);
  }
  Result<std::optional<int64_t>> OptionalInteger(const char* key) const {
    if (!object_.contains(key)) return std::optional<int64_t>();
    SL_ASSIGN_OR_RETURN(const int64_t number, Integer(key));
    return std::optional(number);
  }
  Result<std::string> Text(const std::string& key) const {
    if (const json::value* hex = object_.if_contains(key + "_hex"); hex != nullptr && hex->is_string()) {
      auto text = FromHex(ViewOf(hex->get_string()));
      if (text) return *std::move(text);
    }
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_string()) return std::string(ViewOf(value->get_string()));
    return Corrupt(fmt::format("\"{}\" is not text", key));
  }

 private:
  const json::object& object_;
};

Result<ItemPath> PathFromJson(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return Corrupt("a path is not an object");
  const Members members(*object);
  ItemPath path;
  SL_ASSIGN_OR_RETURN(path.path, members.Text("path"));
  SL_ASSIGN_OR_RETURN(path.size_bytes, members.Count("size_bytes"));
  SL_ASSIGN_OR_RETURN(path.mtime_ns, members.Integer("changed_ns"));
  return path;
}

Result<ItemRecord> ItemFromJson(const json::object& object) {
  const Members members(object);
  ItemRecord item;
  const json::value* paths = object.if_contains("paths");
  if (paths == nullptr || !paths->is_array() || paths->get_array().empty()) return Corrupt("the item has no paths");
  for (const json::value& one : paths->get_array()) {
    SL_ASSIGN_OR_RETURN(ItemPath path, PathFromJson(one));
    item.paths.push_back(std::move(path));
  }
  SL_ASSIGN_OR_RETURN(const std::string hex, members.Text("hash"));
  const auto hash = FromHex(hex);
  if (!hash || hash->size() != item.hash.size()) return Corrupt("\"hash\" is not a content hash");
  std::transform(hash->begin(), hash->end(), item.hash.begin(), [](char c) { return static_cast<uint8_t>(c); });
  SL_ASSIGN_OR_RETURN(const int64_t width, members.Integer("width"));
  SL_ASSIGN_OR_RETURN(const int64_t height, members.Integer("height"));
  if (width < 0 || height < 0 || width > INT32_MAX || height > INT32_MAX) return Corrupt("a size out of range");
  item.width = static_cast<int>(width);
  item.height = static_cast<int>(height);
  SL_ASSIGN_OR_RETURN(item.added_at, members.Integer("added_at"));
  return item;
}

Status ReadUnit(const Members& members, ExportLine& line) {
  SL_ASSIGN_OR_RETURN(line.row, members.Count("row"));
  SL_ASSIGN_OR_RETURN(line.item.value, members.Count("item_id"));
  SL_ASSIGN_OR_RETURN(line.unit.value, members.Count("unit_id"));
  SL_ASSIGN_OR_RETURN(const std::string type, members.Text("type"));
  const auto known = UnitTypeFromName(type);
  if (!known || !line.item || !line.unit) return Corrupt("a type or id that there is not");
  line.type = *known;
  SL_ASSIGN_OR_RETURN(const auto start, members.OptionalInteger("start_us"));
  SL_ASSIGN_OR_RETURN(const auto end, members.OptionalInteger("end_us"));
  if (start.has_value() != end.has_value()) return Corrupt("half a range");
  if (start) line.range = TimeRange{*start, *end};
  SL_ASSIGN_OR_RETURN(line.frame_us, members.OptionalInteger("frame_us"));
  return {};
}

}  // namespace

std::string EncodeExportLine(const ExportLine& line, const std::string& path) {
  json::object object = {{"row", line.row},
                         {"item_id", line.item.value},
                         {"unit_id", line.unit.value},
                         {"type", json::string(NameOf(line.type))}};
  PutText(object, "path", path);
  if (line.range) {
    object["start_us"] = line.range->start_us;
    object["end_us"] = line.range->end_us;
  }
  if (line.frame_us) object["frame_us"] = *line.frame_us;
  if (line.record) {
    object["metadata"] = MetadataJson(line.record->metadata);
    object["item"] = ItemJson(*line.record);
  }
  return json::serialize(object);
}

Result<ExportLine> DecodeExportLine(std::string_view text) {
  auto object = ParseJsonObject(text);
  if (!object) return Corrupt(std::move(object).error().message);
  ExportLine line;
  SL_RETURN_IF_ERROR(ReadUnit(Members(*object), line));
  const json::value* item = object->if_contains("item");
  if (item == nullptr) return line;
  const json::value* metadata = object->if_contains("metadata");
  if (!item->is_object() || metadata == nullptr || !metadata->is_object()) return Corrupt("an item without its parts");
  SL_ASSIGN_OR_RETURN(line.record, ItemFromJson(item->get_object()));
  auto typed = MetadataFromJson(metadata->get_object(), UnknownValues::kRefuse, OwnKeys::kTake);
  if (!typed) return Corrupt(std::move(typed).error().message);
  line.record->metadata = *std::move(typed);
  return line;
}

}  // namespace sightline::indexer
