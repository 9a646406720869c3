// SPDX-License-Identifier: BSD-3-Clause
// Preloaded into a program under test: its clock of the day goes back by a minute at every look. Other clocks run on.
#include <dlfcn.h>
#include <time.h>

#include <atomic>

extern "C" int clock_gettime(clockid_t clock, struct timespec* time) {
  using Function = int (*)(clockid_t, struct timespec*);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "clock_gettime"));
  static std::atomic<long> looks{0};
  const int result = real(clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec -= 60 * looks++;
  return result;
}
