// SPDX-License-Identifier: BSD-3-Clause
// Imports vectors, or merges a collection, in small batches until it is done or killed; the crash tests kill it. Says
// "open" when it begins, and how many items are done after every batch.
// Usage: transfer_helper import COLLECTION FILE.npy [FILE.jsonl]
//        transfer_helper merge COLLECTION SOURCE
#include <chrono>
#include <cstdio>
#include <span>
#include <string_view>

#include "indexer/transfer/collection_merger.h"
#include "indexer/transfer/vector_importer.h"
#include "storage/collection.h"

namespace {

using sightline::Result;
using sightline::indexer::IndexReport;

class Teller : public sightline::indexer::IndexObserver {
 public:
  void OnProgress(const sightline::indexer::IndexProgress& progress) override {
    std::printf("%llu\n", static_cast<unsigned long long>(progress.done()));
    std::fflush(stdout);
  }
  void OnFileError(const sightline::storage::JobError& /*error*/) override {}
  void OnNote(const sightline::indexer::IndexNote& /*note*/) override {}
};

constexpr std::chrono::milliseconds kAlways{0};

Result<IndexReport> Import(sightline::storage::Collection& collection, int argc, char** argv) {
  sightline::indexer::VectorFile file{.vectors = argv[3]};
  if (argc > 4) file.lines = argv[4];
  const sightline::indexer::VectorImportOptions options{.batch_bytes = 4096, .report_every = kAlways};
  Teller teller;
  return sightline::indexer::VectorImporter(collection, options).Run(std::span(&file, 1), &teller, {});
}

Result<IndexReport> Merge(sightline::storage::Collection& collection, const char* folder) {
  const auto source = sightline::storage::Collection::Open(folder);
  if (!source) return tl::unexpected<sightline::Error>(source.error());
  const sightline::indexer::MergeOptions options{
      .name = "source", .batches = {.batch_items = 4, .part_units = 2}, .report_every = kAlways};
  Teller teller;
  return sightline::indexer::MergeCollection(collection, **source, options, &teller, {});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  auto collection = sightline::storage::Collection::Open(argv[2]);
  if (!collection) {
    std::fprintf(stderr, "%s\n", collection.error().message.c_str());
    return 3;
  }
  std::puts("open");
  std::fflush(stdout);
  const bool is_merge = std::string_view(argv[1]) == "merge";
  const auto report = is_merge ? Merge(**collection, argv[3]) : Import(**collection, argc, argv);
  if (!report) std::fprintf(stderr, "%s\n", report.error().message.c_str());
  return report ? 0 : 1;
}
