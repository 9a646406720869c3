// SPDX-License-Identifier: BSD-3-Clause
#include "app/streams.h"

#include <unistd.h>

namespace sightline::app {

bool IsTerminal(std::FILE* stream) { return ::isatty(::fileno(stream)) == 1; }

}  // namespace sightline::app
