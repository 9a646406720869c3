// SPDX-License-Identifier: BSD-3-Clause
#include "tests/http/openapi_checker.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sightline::testing {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 7> kMethods = {"get", "head", "post", "put", "patch", "delete", "options"};

// Those that only describe, and those that Validate looks at.
constexpr std::array<std::string_view, 23> kKnownKeywords = {
    "$ref",        "type",      "properties", "required", "additionalProperties",
    "items",       "enum",      "const",      "oneOf",    "anyOf",
    "allOf",       "minimum",   "maximum",    "minItems", "maxItems",
    "minLength",   "maxLength", "pattern",    "format",   "default",
    "description", "examples",  "title"};

std::string Text(json::string_view text) { return {text.data(), text.size()}; }

bool HasType(const json::value& value, std::string_view type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_bool();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  if (type == "number") return value.is_number();
  return type == "integer" && (value.is_int64() || value.is_uint64());
}

bool HasOneType(const json::value& value, const json::value& types) {
  if (const json::string* one = types.if_string()) return HasType(value, Text(*one));
  const json::array& all = types.as_array();
  return std::any_of(all.begin(), all.end(),
                     [&](const json::value& type) { return HasType(value, Text(type.as_string())); });
}

std::string_view MediaTypeOnly(std::string_view content_type) { return content_type.substr(0, content_type.find(';')); }

}  // namespace

OpenApiChecker::OpenApiChecker(std::string_view document)
    : document_(json::parse(json::string_view(document.data(), document.size())).as_object()) {}

std::vector<OpenApiChecker::Operation> OpenApiChecker::Operations() const {
  std::vector<Operation> out;
  for (const auto& [path, item] : document_.at("paths").as_object()) {
    for (const std::string_view method : kMethods) {
      const json::value* operation = item.as_object().if_contains(method);
      if (operation == nullptr) continue;
      out.push_back({std::string(method), Text(path), Text(operation->as_object().at("operationId").as_string())});
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

const json::object* OpenApiChecker::FindOperation(std::string_view id) const {
  for (const Operation& operation : Operations()) {
    if (operation.id != id) continue;
    return &document_.at("paths").as_object().at(operation.path).as_object().at(operation.method).as_object();
  }
  return nullptr;
}

const json::object& OpenApiChecker::Resolve(const json::object& object) const {
  const json::value* reference = object.if_contains("$ref");
  if (reference == nullptr) return object;
  const json::value* node = nullptr;
  std::string_view path(reference->as_string().data(), reference->as_string().size());
  path.remove_prefix(std::min<size_t>(2, path.size()));  // "#/"
  const json::object* at = &document_;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    node = at->if_contains(json::string_view(path.data(), end));
    if (node == nullptr || !node->is_object()) {
      ADD_FAILURE() << "reference that leads nowhere: " << reference->as_string();
      static const json::object kNothing;
      return kNothing;
    }
    at = &node->as_object();
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return Resolve(*at);
}

std::set<int> OpenApiChecker::StatusesOf(std::string_view operation_id) const {
  std::set<int> out;
  const json::object* operation = FindOperation(operation_id);
  if (operation == nullptr) return out;
  for (const auto& [status, answer] : operation->at("responses").as_object()) {
    int number = 0;
    std::from_chars(status.data(), status.data() + status.size(), number);
    out.insert(number);
  }
  return out;
}

std::set<std::string> OpenApiChecker::TypesOf(std::string_view operation_id) const {
  std::set<std::string> out;
  const json::object* operation = FindOperation(operation_id);
  if (operation == nullptr) return out;
  for (const auto& [status, answer] : operation->at("responses").as_object()) {
    if (!status.starts_with('2')) continue;
    const json::value* content = Resolve(answer.as_object()).if_contains("content");
    if (content == nullptr) continue;
    for (const auto& [type, described] : content->as_object()) out.insert(Text(type));
  }
  return out;
}

std::vector<std::string> OpenApiChecker::CheckAnswer(std::string_view operation_id, int status,
                                                     std::string_view content_type, std::string_view body) const {
  const json::object* operation = FindOperation(operation_id);
  if (operation == nullptr) return {fmt::format("the operation {} is not documented", operation_id)};
  const json::value* answer = operation->at("responses").as_object().if_contains(std::to_string(status));
  if (answer == nullptr) return {fmt::format("{} answers {}, which is not documented", operation_id, status)};
  const json::value* content = Resolve(answer->as_object()).if_contains("content");
  if (content == nullptr) {
    if (body.empty()) return {};
    return {fmt::format("{} answers {} with a body, which is not documented", operation_id, status)};
  }
  const std::string type(MediaTypeOnly(content_type));
  const json::value* media = content->as_object().if_contains(type);
  if (media == nullptr) media = content->as_object().if_contains(type.substr(0, type.find('/')) + "/*");
  if (media == nullptr) return {fmt::format("{} answers {} as {}, not documented", operation_id, status, type)};
  if (!type.ends_with("json")) return {};
  const json::value* schema = media->as_object().if_contains("schema");
  if (schema == nullptr) return {fmt::format("{} {}: no schema", operation_id, status)};
  Problems problems;
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(body.data(), body.size()), error);
  if (error) return {fmt::format("{} answers {} with what is not JSON", operation_id, status)};
  Validate(value, schema->as_object(), fmt::format("{} {}", operation_id, status), problems);
  return problems;
}

std::vector<std::string> OpenApiChecker::CheckRequest(std::string_view operation_id, const json::value& body) const {
  const json::object* operation = FindOperation(operation_id);
  if (operation == nullptr) return {fmt::format("the operation {} is not documented", operation_id)};
  const json::value* sent = operation->if_contains("requestBody");
  if (sent == nullptr) return {fmt::format("{} takes no body", operation_id)};
  const auto& content = Resolve(sent->as_object()).at("content").as_object();
  Problems problems;
  Validate(body, content.at("application/json").as_object().at("schema").as_object(), std::string(operation_id),
           problems);
  return problems;
}

void OpenApiChecker::Validate(const json::value& value, const json::object& given, const std::string& at,
                              Problems& problems) const {
  const json::object& schema = Resolve(given);
  const auto wrong = [&](const std::string& what) { problems.push_back(fmt::format("{}: {}", at, what)); };
  if (const json::value* type = schema.if_contains("type"); type != nullptr && !HasOneType(value, *type)) {
    wrong(fmt::format("{} is not {}", json::serialize(value).substr(0, 80), json::serialize(*type)));
    return;
  }
  if (const json::value* one = schema.if_contains("const"); one != nullptr && value != *one) wrong("not the constant");
  if (const json::value* all = schema.if_contains("enum")) {
    const json::array& values = all->as_array();
    if (std::find(values.begin(), values.end(), value) == values.end()) {
      wrong(fmt::format("{} is none of {}", json::serialize(value), json::serialize(values)));
    }
  }
  const auto number = [](const json::value& n) { return n.to_number<double>(); };
  if (const json::value* least = schema.if_contains("minimum"); least != nullptr && value.is_number()) {
    if (number(value) < number(*least)) wrong("too small");
  }
  if (const json::value* most = schema.if_contains("maximum"); most != nullptr && value.is_number()) {
    if (number(value) > number(*most)) wrong("too large");
  }
  const auto count_valid = [&](const json::array& schemas) {
    return std::count_if(schemas.begin(), schemas.end(), [&](const json::value& one) {
      Problems ignored;
      Validate(value, one.as_object(), at, ignored);
      return ignored.empty();
    });
  };
  if (const json::value* one = schema.if_contains("oneOf"); one != nullptr && count_valid(one->as_array()) != 1) {
    wrong(fmt::format("{} fits not exactly one of oneOf", json::serialize(value).substr(0, 200)));
  }
  if (const json::value* any = schema.if_contains("anyOf"); any != nullptr && count_valid(any->as_array()) == 0) {
    wrong(fmt::format("{} fits none of anyOf", json::serialize(value).substr(0, 200)));
  }
  if (const json::value* all = schema.if_contains("allOf")) {
    for (const json::value& one : all->as_array()) Validate(value, one.as_object(), at, problems);
  }
  if (const json::array* list = value.if_array()) {
    const json::value* items = schema.if_contains("items");
    for (size_t i = 0; items != nullptr && i < list->size(); ++i) {
      Validate((*list)[i], items->as_object(), fmt::format("{}[{}]", at, i), problems);
    }
  }
  if (const json::object* object = value.if_object()) ValidateObject(*object, schema, at, problems);
}

void OpenApiChecker::ValidateObject(const json::object& value, const json::object& schema, const std::string& at,
                                    Problems& problems) const {
  if (const json::value* required = schema.if_contains("required")) {
    for (const json::value& name : required->as_array()) {
      if (!value.contains(name.as_string()))
        problems.push_back(fmt::format("{}: lacks {}", at, Text(name.as_string())));
    }
  }
  const json::value* properties = schema.if_contains("properties");
  const json::value* more = schema.if_contains("additionalProperties");
  for (const auto& [key, field] : value) {
    const json::value* property = properties == nullptr ? nullptr : properties->as_object().if_contains(key);
    const std::string where = fmt::format("{}.{}", at, Text(key));
    if (property != nullptr) {
      Validate(field, property->as_object(), where, problems);
    } else if (more != nullptr && more->is_object()) {
      Validate(field, more->as_object(), where, problems);
    } else if (more == nullptr ? properties != nullptr : !more->as_bool()) {
      problems.push_back(fmt::format("{}: not documented", where));
    }
  }
}

std::vector<std::string> OpenApiChecker::CheckDocument() const {
  Problems problems;
  CheckNode(document_, "", problems);
  for (const auto& [name, schema] : document_.at("components").as_object().at("schemas").as_object()) {
    CheckSchema(schema.as_object(), Text(name), problems);
  }
  return problems;
}

// Every reference leads somewhere, and every "schema" is one that is understood.
void OpenApiChecker::CheckNode(const json::value& node, const std::string& at, Problems& problems) const {
  if (const json::array* list = node.if_array()) {
    for (size_t i = 0; i < list->size(); ++i) CheckNode((*list)[i], fmt::format("{}/{}", at, i), problems);
  }
  const json::object* object = node.if_object();
  if (object == nullptr) return;
  if (object->contains("$ref") && Resolve(*object).empty()) problems.push_back(at + ": $ref");
  for (const auto& [key, value] : *object) {
    const std::string where = fmt::format("{}/{}", at, Text(key));
    CheckNode(value, where, problems);
    if (key == "schema") CheckSchema(value.as_object(), where, problems);
  }
}

void OpenApiChecker::CheckSchema(const json::object& schema, const std::string& at, Problems& problems) const {
  for (const auto& [raw, value] : schema) {
    const std::string key = Text(raw);
    if (std::find(kKnownKeywords.begin(), kKnownKeywords.end(), key) == kKnownKeywords.end()) {
      problems.push_back(fmt::format("{}: the keyword {} is not known to the checker", at, key));
    } else if (key == "properties") {
      for (const auto& [name, one] : value.as_object()) {
        CheckSchema(one.as_object(), fmt::format("{}.{}", at, Text(name)), problems);
      }
    } else if (key == "items" || (key == "additionalProperties" && value.is_object())) {
      CheckSchema(value.as_object(), fmt::format("{}.{}", at, key), problems);
    } else if (key == "oneOf" || key == "anyOf" || key == "allOf") {
      for (const json::value& one : value.as_array()) CheckSchema(one.as_object(), at, problems);
    } else if (key == "required") {
      const json::value* properties = schema.if_contains("properties");
      for (const json::value& name : value.as_array()) {
        const bool is_there = properties != nullptr && properties->as_object().contains(name.as_string());
        if (!is_there) problems.push_back(fmt::format("{}: requires {}, not described", at, Text(name.as_string())));
      }
    }
  }
}

}  // namespace sightline::testing
