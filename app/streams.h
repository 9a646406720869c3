// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>

namespace sightline::app {

/// Where a command reads and writes: the process's own streams, or those that the client of a server handed over. Not
/// owned.
struct Streams {
  std::FILE* in = stdin;
  std::FILE* out = stdout;  ///< Results.
  std::FILE* err = stderr;  ///< Progress and remarks.
};

/// Whether a person sees the stream at once.
bool IsTerminal(std::FILE* stream);

/// Whether it is a pipe that nobody reads any more.
bool ReaderIsGone(std::FILE* stream);

}  // namespace sightline::app
