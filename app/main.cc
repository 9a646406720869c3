// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <unistd.h>

#include "app/cli.h"
#include "base/open_files.h"

namespace {

// OpenMP reads OMP_WAIT_POLICY when its library is loaded, which is before main. Spinning OpenMP threads would take the
// cores from decoding and from everyone else, so the program runs itself again once with the variable set.
void EnsurePassiveOpenMp(char** argv) {
  if (::getenv("OMP_WAIT_POLICY") != nullptr) return;
  if (::setenv("OMP_WAIT_POLICY", "passive", 0) != 0) return;
  ::execv("/proc/self/exe", argv);
  // Without /proc the program still works, only less politely.
}

}  // namespace

int main(int argc, char** argv) {
  EnsurePassiveOpenMp(argv);
  sightline::RaiseOpenFileLimit(4096);  // many systems allow far more than they give
  return sightline::app::RunSightline(argc, argv);
}
