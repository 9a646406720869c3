// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "base/result.h"
#include "storage/segment/one_thread_internal.h"

namespace sightline::storage {

/// Calls `work` for each piece of [0, count), on as many threads as OpenMP would use in the calling thread; inside,
/// OpenMP stays on one. `pause` (may be empty) is called before every round of pieces and ends the work by an error.
/// What `work` throws is thrown again here.
template <typename Work>
Status ForPieces(size_t count, const std::function<Status()>& pause, const Work& work) {
  const auto threads = static_cast<size_t>(std::max(1, omp_get_max_threads()));
  std::vector<std::exception_ptr> thrown(threads);
  for (size_t begin = 0; begin < count; begin += threads) {
    if (pause) SL_RETURN_IF_ERROR(pause());
    const auto run = [&](size_t i) {
      const OneThread one_thread;
      try {
        work(begin + i);
      } catch (...) {
        thrown[i] = std::current_exception();
      }
    };
    {
      std::vector<std::jthread> others;
      for (size_t i = 1; i < std::min(threads, count - begin); ++i) others.emplace_back(run, i);
      run(0);
    }
    for (const std::exception_ptr& exception : thrown) {
      if (exception) std::rethrow_exception(exception);
    }
  }
  return {};
}

}  // namespace sightline::storage
