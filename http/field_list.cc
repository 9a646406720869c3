// SPDX-License-Identifier: BSD-3-Clause
#include "http/field_list.h"

#include "http/message.h"

namespace sightline::http {
namespace {

/// Splits at `separator` outside of quoted strings.
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  size_t start = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == separator) {
      out.push_back(Trimmed(text.substr(start, i - start)));
      start = i + 1;
    }
  }
  out.push_back(Trimmed(text.substr(start)));
  return out;
}

}  // namespace

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> FieldElements(std::string_view field) {
  std::vector<std::string_view> out = Split(field, ',');
  std::erase_if(out, [](std::string_view element) { return element.empty(); });
  return out;
}

std::string_view FieldValue(std::string_view element) { return Split(element, ';').front(); }

std::optional<std::string_view> FieldParameter(std::string_view element, std::string_view name) {
  const std::vector<std::string_view> parts = Split(element, ';');
  for (size_t i = 1; i < parts.size(); ++i) {
    const size_t equals = parts[i].find('=');
    if (equals == std::string_view::npos || !EqualIgnoringCase(Trimmed(parts[i].substr(0, equals)), name)) continue;
    std::string_view value = Trimmed(parts[i].substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return value;
  }
  return std::nullopt;
}

}  // namespace sightline::http
