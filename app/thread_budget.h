// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

namespace sightline::app {

/// The one owner of thread counts: who may use how many at a time.
struct ThreadBudget {
  int total = 1;
  int encoder = 1;    ///< LibTorch intra-op.
  int openmp = 1;     ///< FAISS.
  size_t decode = 1;  ///< Decode workers of the indexer.
};

/// Divides `threads` (0: the cores this process may use). `jobs` overrides the decode workers (0: half of them, since
/// encoding takes most of the time and all cores).
ThreadBudget MakeThreadBudget(int threads, int jobs);

/// How many threads a command in a server has that has `most` of them. @param asked  0: as many as it may.
int ThreadsWithin(int asked, int most);

/// Gives OpenMP its share, as far as this thread is concerned: OpenMP knows a limit for each thread that starts work.
/// The rest is handed over in the options of encoder and indexer.
void ApplyToOpenMp(const ThreadBudget& budget);

}  // namespace sightline::app
