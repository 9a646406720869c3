// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

namespace sightline {

/// How many files this process may have open (RLIMIT_NOFILE, the soft limit).
uint64_t OpenFileLimit();

/// "this process may have 1024 files open (ulimit -n)": for messages about the lack of them.
std::string DescribeOpenFileLimit();

/// Raises the soft limit as far as the hard one allows, at most to `wanted`. What cannot be raised stays.
void RaiseOpenFileLimit(uint64_t wanted);

}  // namespace sightline
