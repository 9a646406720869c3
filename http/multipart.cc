// SPDX-License-Identifier: BSD-3-Clause
#include "http/multipart.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "http/field_list.h"
#include "http/message.h"

namespace sightline::http {
namespace {

constexpr size_t kMaxParts = 32;
constexpr size_t kMaxPartHead = 8192;
constexpr size_t kMaxBoundary = 70;  // RFC 2046
constexpr std::string_view kLineEnd = "\r\n";

tl::unexpected<Error> Invalid(std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); }

// The parameter `name` of a field like `form-data; name="file"; filename="a.jpg"`. Browsers escape a quote as %22 and
// leave a backslash as it is, so only \" and \\ are escapes.
std::optional<std::string> ParameterOf(std::string_view field, std::string_view name) {
  const auto quoted = FieldParameter(field, name);
  if (!quoted) return std::nullopt;
  std::string value;
  for (size_t i = 0; i < quoted->size(); ++i) {
    const char next = i + 1 < quoted->size() ? (*quoted)[i + 1] : '\0';
    if ((*quoted)[i] == '\\' && (next == '"' || next == '\\')) ++i;
    value.push_back((*quoted)[i]);
  }
  return value;
}

// Old clients send a whole path.
std::string LastComponent(std::string_view name) {
  const size_t slash = name.find_last_of("/\\");
  return std::string(slash == std::string_view::npos ? name : name.substr(slash + 1));
}

// `part` is what lies between two boundaries, without the line ends that belong to them.
Result<FormPart> ParsePart(std::string_view part) {
  FormPart out;
  size_t head_end = part.find("\r\n\r\n");
  if (part.starts_with(kLineEnd)) head_end = 0;  // no fields at all
  if (head_end == std::string_view::npos) return Invalid("a part of the form has no end of its head");
  if (head_end > kMaxPartHead) return Invalid("the head of a part of the form is too long");
  std::string_view head = part.substr(0, head_end);
  out.content = part.substr(std::min(part.size(), head_end + (head_end == 0 ? 2 : 4)));
  bool is_named = false;
  while (!head.empty()) {
    const size_t end = std::min(head.find(kLineEnd), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + kLineEnd.size(), head.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Invalid("a part of the form has a head line without a colon");
    const std::string_view name = Trimmed(line.substr(0, colon));
    const std::string_view value = Trimmed(line.substr(colon + 1));
    if (EqualIgnoringCase(name, "Content-Type")) out.content_type = value;
    if (!EqualIgnoringCase(name, "Content-Disposition")) continue;
    if (const auto part_name = ParameterOf(value, "name")) {
      out.name = *part_name;
      is_named = true;
    }
    if (const auto file_name = ParameterOf(value, "filename")) out.file_name = LastComponent(*file_name);
  }
  if (!is_named) return Invalid("a part of the form has no name");
  return out;
}

}  // namespace

bool IsMultipart(std::string_view content_type) {
  return EqualIgnoringCase(FieldValue(content_type), "multipart/form-data");
}

Result<std::vector<FormPart>> ParseMultipart(std::string_view content_type, std::string_view body) {
  const auto boundary = ParameterOf(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary) {
    return Invalid("Content-Type multipart/form-data needs a boundary of 1 to 70 characters");
  }
  const std::string first = fmt::format("--{}", *boundary);
  const std::string delimiter = fmt::format("\r\n--{}", *boundary);
  // What comes before the first boundary is of no account.
  size_t at = body.starts_with(first) ? first.size() : body.find(delimiter);
  if (at == std::string_view::npos) return Invalid("the form has no boundary in its body");
  if (!body.starts_with(first)) at += delimiter.size();
  std::vector<FormPart> parts;
  for (;;) {
    std::string_view rest = body.substr(at);
    if (rest.starts_with("--")) return parts;
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    if (!rest.starts_with(kLineEnd)) return Invalid("the form is broken behind a boundary");
    rest.remove_prefix(kLineEnd.size());
    if (parts.size() == kMaxParts) return Invalid(fmt::format("the form has more than {} parts", kMaxParts));
    const size_t end = rest.starts_with(delimiter.substr(2)) ? std::string_view::npos : rest.find(delimiter);
    if (end == std::string_view::npos) return Invalid("the form ends without its last boundary");
    SL_ASSIGN_OR_RETURN(FormPart part, ParsePart(rest.substr(0, end)));
    parts.push_back(std::move(part));
    at = static_cast<size_t>(rest.data() - body.data()) + end + delimiter.size();
  }
}

}  // namespace sightline::http
