// SPDX-License-Identifier: BSD-3-Clause
// Indexes inputs with the fake encoder until it is done or killed; the crash tests kill it. Says "open" when it begins.
// Usage: crash_helper COLLECTION MILLISECONDS_PER_BATCH [--manifest FILE] [--die-at N] [PATH...]
// With --die-at it kills itself when it begins to encode clips for the Nth time.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "indexer/indexer.h"
#include "storage/collection.h"
#include "tests/support/fake_encoder.h"

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  sightline::testing::FakeEncoder encoder;
  encoder.delay = std::chrono::milliseconds(std::atoi(argv[2]));
  sightline::indexer::IndexInputs inputs;
  int calls_left = 0;
  for (int i = 3; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool is_flag = argument.starts_with("--") && i + 1 < argc;
    if (!is_flag) {
      inputs.paths.emplace_back(argument);
    } else if (argument == "--die-at") {
      calls_left = std::atoi(argv[++i]);
    } else {
      inputs.manifests.emplace_back(argv[++i]);
    }
  }
  encoder.before_encode_clips = [&calls_left](size_t) {
    if (--calls_left == 0) ::kill(::getpid(), SIGKILL);
  };
  auto collection = sightline::storage::Collection::Open(argv[1]);
  if (!collection) {
    std::fprintf(stderr, "%s\n", collection.error().message.c_str());
    return 3;
  }
  std::puts("open");
  std::fflush(stdout);
  sightline::indexer::IndexOptions options;
  options.encode_batch = 4;
  options.decode_threads = 2;
  auto report = sightline::indexer::Indexer(**collection, encoder, options).Run(inputs, nullptr, {});
  if (!report) std::fprintf(stderr, "%s\n", report.error().message.c_str());
  return report ? 0 : 1;
}
