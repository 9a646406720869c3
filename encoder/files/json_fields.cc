// SPDX-License-Identifier: BSD-3-Clause
#include <charconv>
#include <cmath>

#include "encoder/files/json_fields_internal.h"

namespace sightline::encoder {

using nlohmann::json;

namespace {

/// For messages: the value as JSON, shortened.
std::string Shown(const json& value) {
  constexpr size_t kMaxLength = 60;
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > kMaxLength) text = text.substr(0, kMaxLength) + "...";
  return text;
}

std::string NumberText(double value) { return Shown(json(value)); }

}  // namespace

Result<json> ParseJsonObject(std::string_view text, std::string_view what) {
  json value = json::parse(text.begin(), text.end(), nullptr, false);
  if (value.is_discarded()) return Fail(ErrorCode::kCorruption, std::string(what) + ": not valid JSON");
  if (!value.is_object()) return Fail(ErrorCode::kInvalidArgument, std::string(what) + ": not a JSON object");
  return value;
}

Status CheckFormat(const json& object, std::string_view name) {
  const std::string expected = std::string(name) + "/1";
  const auto found = object.find("format");
  if (found == object.end() || !found->is_string()) {
    return Fail(ErrorCode::kInvalidArgument, "format: missing, expected \"" + expected + "\"");
  }
  const auto& text = found->get_ref<const std::string&>();
  if (text == expected) return {};
  int version = 0;
  if (text.starts_with(std::string(name) + "/")) {
    const char* const first = text.data() + name.size() + 1;
    std::from_chars(first, text.data() + text.size(), version);
  }
  if (version > 1) {
    return Fail(ErrorCode::kFailedPrecondition,
                "format: " + text + " is newer than this program, which reads " + expected);
  }
  return Fail(ErrorCode::kInvalidArgument, "format: " + Shown(*found) + ", expected \"" + expected + "\"");
}

const json* JsonFields::Value(const std::string& key, Presence presence) {
  known_.insert(key);
  const auto found = object_.find(key);
  if (found != object_.end()) return &*found;
  if (presence == kRequired) Reject(key, "missing");
  return nullptr;
}

const json* JsonFields::Object(const std::string& key, Presence presence) {
  const json* const value = Value(key, presence);
  if (value == nullptr || value->is_object()) return value;
  Reject(key, Shown(*value) + " is not an object");
  return nullptr;
}

void JsonFields::Int(const std::string& key, int min, int max, int& out, Presence presence) {
  const json* const value = Value(key, presence);
  if (value == nullptr) return;
  const bool is_large = value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  if (!value->is_number_integer()) {
    Reject(key, Shown(*value) + " is not an integer");
  } else if (is_large || value->get<int64_t>() < min || value->get<int64_t>() > max) {
    Reject(key, Shown(*value) + " is outside " + std::to_string(min) + " to " + std::to_string(max));
  } else {
    out = value->get<int>();
  }
}

void JsonFields::Number(const std::string& key, double min, double max, double& out, Presence presence) {
  const json* const value = Value(key, presence);
  if (value == nullptr) return;
  if (!value->is_number()) {
    Reject(key, Shown(*value) + " is not a number");
  } else if (const double number = value->get<double>(); !(number >= min && number <= max)) {
    Reject(key, Shown(*value) + " is outside " + NumberText(min) + " to " + NumberText(max));
  } else {
    out = number;
  }
}

void JsonFields::Bool(const std::string& key, bool& out, Presence presence) {
  const json* const value = Value(key, presence);
  if (value == nullptr) return;
  if (value->is_boolean()) {
    out = value->get<bool>();
  } else {
    Reject(key, Shown(*value) + " is neither true nor false");
  }
}

void JsonFields::String(const std::string& key, std::string& out, Presence presence) {
  const json* const value = Value(key, presence);
  if (value == nullptr) return;
  if (value->is_string()) {
    out = value->get<std::string>();
  } else {
    Reject(key, Shown(*value) + " is not a string");
  }
}

void JsonFields::Reject(const std::string& key, const std::string& message) {
  if (first_error_.empty()) first_error_ = path_ + key + ": " + message;
}

Status JsonFields::Finish() const {
  if (!first_error_.empty()) return Fail(ErrorCode::kInvalidArgument, first_error_);
  for (const auto& [key, value] : object_.items()) {
    if (!known_.contains(key)) return Fail(ErrorCode::kInvalidArgument, path_ + Shown(json(key)) + ": unknown key");
  }
  return {};
}

}  // namespace sightline::encoder
