// SPDX-License-Identifier: BSD-3-Clause
#include "app/thread_budget.h"

#include <algorithm>
#include <thread>

// Not from <omp.h>: GCC's cannot be read by Clang, and Clang's would bring a second OpenMP runtime beside LibTorch's
// and FAISS's.
extern "C" void omp_set_num_threads(int threads);

namespace sightline::app {

ThreadBudget MakeThreadBudget(int threads, int jobs) {
  ThreadBudget budget;
  budget.total = threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  budget.encoder = budget.total;
  budget.openmp = budget.total;
  budget.decode = static_cast<size_t>(jobs > 0 ? jobs : std::max(1, budget.total / 2));
  return budget;
}

int ThreadsWithin(int asked, int most) { return asked > 0 ? std::min(asked, most) : most; }

void ApplyToOpenMp(const ThreadBudget& budget) { ::omp_set_num_threads(budget.openmp); }

}  // namespace sightline::app
