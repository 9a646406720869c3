// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

/// What the pages that the program writes have in common (html_page.h, eval_page.h, calibrate_output.h): each needs
/// nothing but itself and has no scripts.
namespace sightline::app {

/// Replaces what HTML reads as markup, in text and in quoted attributes; invalid UTF-8 becomes U+FFFD.
std::string HtmlEscape(std::string_view text);

/// Everything up to and with `<body>`. @param title  as text. @param style  the style sheet.
std::string HtmlHead(std::string_view title, std::string_view style);

/// What closes it.
inline constexpr std::string_view kHtmlEnd = "</body>\n</html>\n";

/// A table that scrolls sideways where it is wider than the page. @param label  its name for screen readers, as text.
/// @param head, rows  `<tr>` elements.
std::string HtmlTable(std::string_view label, std::string_view head, std::string_view rows);

/// A drawing under its heading. @param heading, remark  as text. @param content  markup.
std::string HtmlFigure(std::string_view heading, std::string_view remark, std::string_view content);

}  // namespace sightline::app
