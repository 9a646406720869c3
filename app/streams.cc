// SPDX-License-Identifier: BSD-3-Clause
#include "app/streams.h"

#include <poll.h>
#include <unistd.h>

namespace sightline::app {

bool IsTerminal(std::FILE* stream) { return ::isatty(::fileno(stream)) == 1; }

bool ReaderIsGone(std::FILE* stream) {
  pollfd state = {.fd = ::fileno(stream), .events = POLLOUT, .revents = 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & POLLERR) != 0;
}

}  // namespace sightline::app
