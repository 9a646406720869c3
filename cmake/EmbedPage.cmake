# SPDX-License-Identifier: BSD-3-Clause
# Run at build time with -DFOLDER, -DOUTPUT and -DFILES (names in FOLDER, joined by "|"): writes a source file that
# holds these text files as raw strings.
string(REPLACE "|" ";" files "${FILES}")
set(types_html "text/html; charset=utf-8")
set(types_js "text/javascript; charset=utf-8")
set(types_css "text/css; charset=utf-8")
set(types_svg "image/svg+xml")

file(WRITE "${OUTPUT}.new" [[// SPDX-License-Identifier: BSD-3-Clause
// Written by cmake/EmbedPage.cmake.
#include <array>

#include "http/page_assets_internal.h"

namespace sightline::http {
namespace {

constexpr auto kAssets = std::to_array<PageAsset>({
]])
foreach(name ${files})
  file(READ "${FOLDER}/${name}" content)
  string(REGEX REPLACE "^.*\\." "" extension "${name}")
  if(NOT DEFINED types_${extension})
    message(FATAL_ERROR "EmbedPage: no media type for ${name}")
  endif()
  string(FIND "${content}" ")page\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "EmbedPage: ${name} contains the end of a raw string")
  endif()
  file(APPEND "${OUTPUT}.new" "    {\"${name}\", \"${types_${extension}}\", R\"page(${content})page\"},\n")
endforeach()
file(APPEND "${OUTPUT}.new" [[});

}  // namespace

std::span<const PageAsset> PageAssets() { return kAssets; }

}  // namespace sightline::http
]])
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
