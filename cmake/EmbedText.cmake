# SPDX-License-Identifier: BSD-3-Clause
# Run at build time with -DINPUT, -DOUTPUT, -DHEADER and -DNAME: writes a source file in which NAME is the text of INPUT.
file(READ "${INPUT}" text)
string(FIND "${text}" ")text\"" clash)
if(NOT clash EQUAL -1)
  message(FATAL_ERROR "EmbedText: ${INPUT} contains the end of a raw string")
endif()
file(WRITE "${OUTPUT}.new" "// SPDX-License-Identifier: BSD-3-Clause
// Written by cmake/EmbedText.cmake.
#include \"${HEADER}\"

namespace sightline::http {

std::string_view ${NAME}() { return R\"text(${text})text\"; }

}  // namespace sightline::http
")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
