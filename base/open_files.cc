// SPDX-License-Identifier: BSD-3-Clause
#include "base/open_files.h"

#include <sys/resource.h>

#include <algorithm>

namespace sightline {

uint64_t OpenFileLimit() {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  return limit.rlim_cur;
}

std::string DescribeOpenFileLimit() {
  return "this process may have " + std::to_string(OpenFileLimit()) + " files open (ulimit -n)";
}

void RaiseOpenFileLimit(uint64_t wanted) {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  const rlim_t highest = limit.rlim_max == RLIM_INFINITY ? wanted : std::min<rlim_t>(wanted, limit.rlim_max);
  if (highest <= limit.rlim_cur) return;
  limit.rlim_cur = highest;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return;
}

}  // namespace sightline
