// SPDX-License-Identifier: BSD-3-Clause
#include "app/html_parts.h"

#include <fmt/format.h>

#include "app/text.h"

namespace sightline::app {

std::string HtmlEscape(std::string_view text) {
  std::string out;
  for (const char c : ValidUtf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string HtmlHead(std::string_view title, std::string_view style) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{} - Sightline</title>\n<style>{}</style>\n</head>\n<body>\n",
      HtmlEscape(title), style);
}

std::string HtmlTable(std::string_view label, std::string_view head, std::string_view rows) {
  return fmt::format(
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\"><table>\n<thead>{}</thead>\n"
      "<tbody>\n{}</tbody></table></div>\n",
      HtmlEscape(label), head, rows);
}

std::string HtmlFigure(std::string_view heading, std::string_view remark, std::string_view content) {
  return fmt::format("<figure><figcaption>{}<small>{}</small></figcaption>{}</figure>\n", HtmlEscape(heading),
                     HtmlEscape(remark), content);
}

}  // namespace sightline::app
