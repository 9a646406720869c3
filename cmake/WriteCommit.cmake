# SPDX-License-Identifier: BSD-3-Clause
# Run at build time with -DSOURCE_DIR and -DOUTPUT: writes a source file that defines the commit that is built, and
# touches it only when it changes.
execute_process(COMMAND git rev-parse --short=12 HEAD WORKING_DIRECTORY "${SOURCE_DIR}"
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit "unknown")
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT [[// SPDX-License-Identifier: BSD-3-Clause
// Written by cmake/WriteCommit.cmake.
#include "app/version.h"

namespace sightline::app {

const char* const kGitCommit = "@commit@";

}  // namespace sightline::app
]] @ONLY)
