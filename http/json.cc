// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "base/utf8.h"
#include "http/field_list.h"
#include "http/json_internal.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

constexpr size_t kMostQuotedBytes = 100;

// Note [Memory of JSON]
//
// A value takes 24 bytes, and "1," is a value: 64 MB of them would take a gigabyte and more while they are parsed. What
// clients mean takes far less, because long bodies are long texts (pictures in base64). So parsing has a budget: some
// times the text, and what makes room for the longest list of numbers that a route takes.
constexpr size_t kMemoryPerByte = 4;
constexpr size_t kMemoryForLists = 64u << 20;

// Memory for one body. Confined to one thread at a time, as the values are.
class BoundedMemory : public json::memory_resource {
 public:
  explicit BoundedMemory(size_t bytes) : left_(bytes) {}

 private:
  void* do_allocate(size_t bytes, size_t alignment) override {
    if (bytes > left_ || alignment > __STDCPP_DEFAULT_NEW_ALIGNMENT__) throw std::bad_alloc();
    void* memory = ::operator new(bytes);
    left_ -= bytes;
    return memory;
  }
  // Boost 1.81 gives memory back with another alignment than it asked for (value_stack), so the default one serves all.
  void do_deallocate(void* memory, size_t bytes, size_t) override {
    ::operator delete(memory);
    left_ += bytes;
  }
  bool do_is_equal(const json::memory_resource& other) const noexcept override { return this == &other; }

  size_t left_;
};

std::string_view ViewOf(json::string_view text) { return {text.data(), text.size()}; }

bool IsJsonType(std::string_view content_type) {
  const std::string_view type = FieldValue(content_type);
  return EqualIgnoringCase(type, "application/json") || (type.starts_with("application/") && type.ends_with("+json"));
}

std::string CutLong(std::string text) {
  if (text.size() <= kMostQuotedBytes) return text;
  size_t end = kMostQuotedBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

/// A finite number of any JSON kind.
std::optional<double> NumberOf(const json::value& value) {
  double number = 0;
  if (const int64_t* integer = value.if_int64()) {
    number = static_cast<double>(*integer);
  } else if (const uint64_t* large = value.if_uint64()) {
    number = static_cast<double>(*large);
  } else if (const double* floating = value.if_double()) {
    number = *floating;
  } else {
    return std::nullopt;
  }
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

}  // namespace

Response JsonResponse(int status, const json::value& body) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = json::serialize(body)};
}

ProblemOr<json::value> ParseJson(std::string_view text) try {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  const auto memory = json::make_shared_resource<BoundedMemory>(text.size() * kMemoryPerByte + kMemoryForLists);
  json::parser parser(memory, options);  // What it keeps for itself while a list is open counts as well.
  parser.reset(memory);
  json::error_code error;
  parser.write(json::string_view(text.data(), text.size()), error);
  if (!error) return parser.release();
  if (error == json::error::too_deep) {
    return tl::make_unexpected(
        Problem(ErrorCode::kInvalidArgument, fmt::format("JSON nested deeper than {}", kMaxJsonDepth)));
  }
  return tl::make_unexpected(Problem(ErrorCode::kInvalidArgument, fmt::format("not JSON: {}", error.message())));
} catch (const std::bad_alloc&) {
  return tl::make_unexpected(Problem(413, "too_large", "the body has too many values"));
}

ProblemOr<json::object> ParseJsonBody(const Request& request) {
  const auto type = request.headers.Find("Content-Type");
  if (type && !IsJsonType(*type)) {
    return tl::make_unexpected(Problem(415, "unsupported_media_type",
                                       fmt::format("the body is {}, not application/json", CutLong(ValidUtf8(*type)))));
  }
  if (request.body.empty())
    return tl::make_unexpected(Problem(ErrorCode::kInvalidArgument, "the body is empty: a JSON object is needed"));
  SL_ASSIGN_OR_PROBLEM(json::value value, ParseJson(request.body));
  if (json::object* object = value.if_object()) return std::move(*object);
  return tl::make_unexpected(
      Problem(ErrorCode::kInvalidArgument, fmt::format("{} is not a JSON object", QuoteJson(value))));
}

std::string JsonPointer(std::string_view pointer, std::string_view key) {
  std::string out = fmt::format("{}/", pointer);
  for (const char c : key.substr(0, kMostQuotedBytes)) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string JsonPointer(std::string_view pointer, size_t index) { return fmt::format("{}/{}", pointer, index); }

std::string QuoteJson(const json::value& value) {
  if (const json::array* list = value.if_array(); list != nullptr && list->size() > kMostQuotedBytes)
    return "a long list";
  if (const json::string* text = value.if_string(); text != nullptr && text->size() > kMostQuotedBytes) {
    return fmt::format("\"{}\"", CutLong(std::string(ViewOf(*text))));
  }
  return CutLong(json::serialize(value));
}

void ObjectReader::Reject(std::string_view key, std::string message) {
  if (!problem_) problem_.emplace(ErrorCode::kInvalidArgument, fmt::format("{}: {}", key, message), PointerOf(key));
}

const json::value* ObjectReader::Value(std::string_view key, Presence presence) {
  known_.push_back(key);
  const json::value* value = object_.if_contains(json::string_view(key.data(), key.size()));
  if (value != nullptr && !value->is_null()) return value;
  if (presence == kRequired) Reject(key, "missing");
  return nullptr;
}

const json::object* ObjectReader::Object(std::string_view key, Presence presence) {
  const json::value* value = Value(key, presence);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) Reject(key, fmt::format("{} is not an object", QuoteJson(*value)));
  return value->if_object();
}

const json::array* ObjectReader::Array(std::string_view key, Presence presence) {
  const json::value* value = Value(key, presence);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) Reject(key, fmt::format("{} is not a list", QuoteJson(*value)));
  return value->if_array();
}

void ObjectReader::Text(std::string_view key, std::string* out, Presence presence) {
  const json::value* value = Value(key, presence);
  if (value == nullptr) return;
  if (const json::string* text = value->if_string()) {
    out->assign(text->data(), text->size());
  } else {
    Reject(key, fmt::format("{} is not text", QuoteJson(*value)));
  }
}

void ObjectReader::Text(std::string_view key, std::optional<std::string>* out) {
  const json::value* value = Value(key);
  if (value == nullptr) return;
  Text(key, &out->emplace());
}

void ObjectReader::Words(std::string_view key, std::optional<std::string>* out) {
  Text(key, out);
  if (!*out || (*out)->size() <= kMaxTextBytes) return;
  Reject(key, fmt::format("a text of {} bytes, more than {}", (*out)->size(), kMaxTextBytes));
  out->reset();
}

void ObjectReader::Integer(std::string_view key, uint64_t min, uint64_t max, uint64_t* out, Presence presence) {
  const json::value* value = Value(key, presence);
  if (value == nullptr) return;
  const auto outside = [&] {
    Reject(key, fmt::format("{} is not a whole number from {} to {}", QuoteJson(*value), min, max));
  };
  uint64_t number = 0;
  if (const int64_t* integer = value->if_int64()) {
    if (*integer < 0) return outside();
    number = static_cast<uint64_t>(*integer);
  } else if (const uint64_t* large = value->if_uint64()) {
    number = *large;
  } else if (const double* floating = value->if_double();
             floating != nullptr && *floating >= 0 && *floating < 0x1p53 && std::floor(*floating) == *floating) {
    number = static_cast<uint64_t>(*floating);  // 10.0 is a whole number in JSON.
  } else {
    return outside();
  }
  if (number < min || number > max) return outside();
  *out = number;
}

void ObjectReader::Number(std::string_view key, double min, double max, double* out, Presence presence) {
  const json::value* value = Value(key, presence);
  if (value == nullptr) return;
  const auto number = NumberOf(*value);
  if (number && *number >= min && *number <= max) {
    *out = *number;
  } else {
    Reject(key, fmt::format("{} is not a number from {} to {}", QuoteJson(*value), min, max));
  }
}

void ObjectReader::Number(std::string_view key, double min, double max, std::optional<double>* out) {
  if (Value(key) != nullptr) Number(key, min, max, &out->emplace());
}

void ObjectReader::Bool(std::string_view key, bool* out, Presence presence) {
  const json::value* value = Value(key, presence);
  if (value == nullptr) return;
  if (const bool* flag = value->if_bool()) {
    *out = *flag;
  } else {
    Reject(key, fmt::format("{} is not true or false", QuoteJson(*value)));
  }
}

void ObjectReader::Texts(std::string_view key, size_t max_count, std::vector<std::string>* out, Presence presence) {
  const json::array* list = Array(key, presence);
  if (list == nullptr) return;
  if (list->size() > max_count) return Reject(key, fmt::format("{} texts, more than {}", list->size(), max_count));
  std::vector<std::string> texts;
  for (const json::value& value : *list) {
    const json::string* text = value.if_string();
    if (text == nullptr) return Reject(key, fmt::format("{} is not text", QuoteJson(value)));
    texts.emplace_back(ViewOf(*text));
  }
  *out = std::move(texts);
}

void ObjectReader::Floats(std::string_view key, size_t max_count, std::vector<float>* out, Presence presence) {
  const json::array* list = Array(key, presence);
  if (list == nullptr) return;
  if (list->size() > max_count) return Reject(key, fmt::format("{} numbers, more than {}", list->size(), max_count));
  std::vector<float> numbers;
  numbers.reserve(list->size());
  for (const json::value& value : *list) {
    const auto number = NumberOf(value);
    if (!number || !std::isfinite(static_cast<float>(*number))) {
      return Reject(key, fmt::format("{} is not a finite number", QuoteJson(value)));
    }
    numbers.push_back(static_cast<float>(*number));
  }
  *out = std::move(numbers);
}

ProblemOr<void> ObjectReader::Finish() const {
  if (problem_) return tl::make_unexpected(*problem_);
  for (const auto& [key, value] : object_) {
    if (std::ranges::find(known_, ViewOf(key)) != known_.end()) continue;
    const std::string shown = CutLong(std::string(ViewOf(key)));
    return tl::make_unexpected(
        Problem(ErrorCode::kInvalidArgument, fmt::format("{}: no such field", shown), PointerOf(shown)));
  }
  return {};
}

}  // namespace sightline::http
