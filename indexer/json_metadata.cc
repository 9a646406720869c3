// SPDX-License-Identifier: BSD-3-Clause
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/iso_time.h"
#include "encoder/text/unicode.h"
#include "indexer/json_metadata_internal.h"
#include "indexer/metadata_text.h"

namespace sightline::indexer {
namespace {

namespace json = boost::json;

tl::unexpected<Error> Invalid(std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); }

bool IsTime(const json::value& value) {
  const json::object* object = value.if_object();
  return object != nullptr && object->size() == 1 && object->contains("time");
}

bool IsScalar(const json::value& value) { return !value.is_structured() || IsTime(value); }

Result<MetadataValue> TimeFromJson(std::string_view key, const json::value& value) {
  if (const int64_t* seconds = value.if_int64()) return Timestamp{*seconds};
  const json::string* text = value.if_string();
  const auto time = text == nullptr ? std::nullopt : ParseIsoTime(ViewOf(*text));
  if (!time) return Invalid(fmt::format("\"{}\": {} is not an ISO 8601 time", key, json::serialize(value)));
  return *time;
}

Result<MetadataValue> ScalarFromJson(std::string_view key, const json::value& value) {
  if (IsTime(value)) return TimeFromJson(key, value.as_object().at("time"));
  if (key == metadata_key::kTakenAt) return TimeFromJson(key, value);
  switch (value.kind()) {
    case json::kind::string:
      return std::string(ViewOf(value.get_string()));
    case json::kind::int64:
      return value.get_int64();
    case json::kind::double_:
      return value.get_double();
    case json::kind::bool_:
      return value.get_bool();
    case json::kind::uint64:
      return Invalid(fmt::format("\"{}\": {} does not fit 64 bits with a sign", key, value.get_uint64()));
    case json::kind::null:
    case json::kind::object:
    case json::kind::array:
      break;
  }
  return Invalid(fmt::format("\"{}\": a value must be text, a number, true, false, a time or a list of those", key));
}

// All values of one key; none for null.
Result<std::vector<MetadataValue>> ValuesFromJson(std::string_view key, const json::value& value,
                                                  UnknownValues unknown) {
  std::vector<MetadataValue> out;
  const auto add = [&](const json::value& one) -> Status {
    if (one.is_null() || (unknown == UnknownValues::kSkip && !IsScalar(one))) return {};
    SL_ASSIGN_OR_RETURN(MetadataValue scalar, ScalarFromJson(key, one));
    out.push_back(std::move(scalar));
    return {};
  };
  if (const json::array* list = value.if_array()) {
    for (const json::value& one : *list) SL_RETURN_IF_ERROR(add(one));
  } else {
    SL_RETURN_IF_ERROR(add(value));
  }
  return out;
}

}  // namespace

Result<Metadata> MetadataFromJson(const json::object& object, UnknownValues unknown, OwnKeys own) {
  Metadata metadata;
  for (const auto& [raw_key, value] : object) {
    const std::string_view key = ViewOf(raw_key);
    if (key.empty()) return Invalid("a metadata key is empty");
    if (own == OwnKeys::kRefuse && key.starts_with("sightline.")) {
      return Invalid(fmt::format("\"{}\": keys that start with \"sightline.\" are Sightline's own", key));
    }
    SL_ASSIGN_OR_RETURN(auto values, ValuesFromJson(key, value, unknown));
    if (!values.empty()) metadata.insert_or_assign(std::string(key), std::move(values));
  }
  return metadata;
}

Result<json::object> ParseJsonObject(std::string_view text) {
  if (!encoder::CheckUtf8(text)) return Invalid("not UTF-8");
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return Invalid("not JSON: " + error.message());
  json::object* object = value.if_object();
  if (object == nullptr) return Invalid("not a JSON object");
  return std::move(*object);
}

Result<Metadata> ParseMetadata(std::string_view json_object) {
  SL_ASSIGN_OR_RETURN(const json::object object, ParseJsonObject(json_object));
  return MetadataFromJson(object, UnknownValues::kRefuse);
}

}  // namespace sightline::indexer
