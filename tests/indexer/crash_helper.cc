// SPDX-License-Identifier: BSD-3-Clause
// Indexes a folder with the fake encoder until it is done or killed; the crash tests kill it.
// Usage: crash_helper COLLECTION PHOTOS MILLISECONDS_PER_BATCH [DIE_AT]
// With DIE_AT it kills itself when it begins to encode clips for the so-manieth time.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "indexer/indexer.h"
#include "storage/collection.h"
#include "tests/support/fake_encoder.h"

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) return 2;
  sightline::testing::FakeEncoder encoder;
  encoder.delay = std::chrono::milliseconds(std::atoi(argv[3]));
  int calls_left = argc == 5 ? std::atoi(argv[4]) : 0;
  encoder.before_encode_clips = [&calls_left](size_t) {
    if (--calls_left == 0) ::kill(::getpid(), SIGKILL);
  };
  auto collection = sightline::storage::Collection::Open(argv[1]);
  if (!collection) {
    std::fprintf(stderr, "%s\n", collection.error().message.c_str());
    return 3;
  }
  sightline::indexer::IndexOptions options;
  options.encode_batch = 4;
  options.decode_threads = 2;
  auto report = sightline::indexer::Indexer(**collection, encoder, options).Run({{argv[2]}}, nullptr, {});
  if (!report) std::fprintf(stderr, "%s\n", report.error().message.c_str());
  return report ? 0 : 1;
}
