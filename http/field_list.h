// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace sightline::http {

/// The elements of a field that is a list (RFC 9110, 5.6.1): "a, b;q=0" as {"a", "b;q=0"}. Commas in quoted strings do
/// not divide. Views into `field`.
std::vector<std::string_view> FieldElements(std::string_view field);

/// What stands before the parameters of an element or field: "text/html" of "text/html; charset=utf-8".
std::string_view FieldValue(std::string_view element);

/// The parameter `name` of an element or field, without quotes: "utf-8" for "charset". Escapes in quoted strings are
/// left as they are. Absent when there is none.
std::optional<std::string_view> FieldParameter(std::string_view element, std::string_view name);

/// `text` without spaces and tabs around it.
std::string_view Trimmed(std::string_view text);

}  // namespace sightline::http
