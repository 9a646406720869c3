// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <omp.h>

namespace sightline::storage {

/// While it lives, OpenMP of the calling thread stays on that thread: for searches, whose callers have threads of their
/// own, and for work in pieces so small that handing them out costs more than doing them.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  ~OneThread() { omp_set_num_threads(before_); }

 private:
  int before_;
};

}  // namespace sightline::storage
