// SPDX-License-Identifier: BSD-3-Clause
// Readers, writers and everything that the background does, at once; for the thread sanitizer above all:
//   cmake --preset tsan && cmake --build build/tsan --target storage_stress_test
//   export SIGHTLINE_STRESS_SECONDS=60 TSAN_OPTIONS=ignore_noninstrumented_modules=1
//   build/tsan/tests/storage/storage_stress_test
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include "storage/collection.h"
#include "tests/storage/sample_records.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using testing::IsOk;
using testing::RandomEmbedding;
using testing::Sample;
using testing::TempDir;

constexpr uint32_t kDim = 32;

std::chrono::seconds Duration() {
  const char* wanted = std::getenv("SIGHTLINE_STRESS_SECONDS");
  return std::chrono::seconds(wanted != nullptr ? std::strtoll(wanted, nullptr, 10) : 3);
}

IndexOptions OptionsOf(uint64_t round) {
  constexpr std::array kKinds = {IndexKind::kFlat, IndexKind::kHnsw, IndexKind::kIvfPqFastScan, IndexKind::kIvfPq};
  return {.kind = kKinds[round % kKinds.size()],
          .rows = round % 3 == 0 ? RowFormat::kFp16 : RowFormat::kInt8,
          .seal_rows = 60,
          .ef_search = 20};
}

class IndexStressIntegrationTest : public ::testing::Test {
 protected:
  /// Adds, replaces and removes items of its own.
  void Write(uint64_t writer) {
    std::mt19937_64 random(writer);
    std::vector<Sample> own;
    for (uint64_t n = 0; !done_; ++n) {
      const std::string path = "/w" + std::to_string(writer) + "/" + std::to_string(n);
      own.push_back(testing::MakeSample(*collection_, path, writer << 32 | n, 1 + random() % 3));
      Expect(collection_->Commit(testing::Put({own.back()})).has_value(), "a put");
      Sample& picked = own[random() % own.size()];
      if (random() % 3 == 0) {
        picked.units[0].record.vectors[0].embedding = RandomEmbedding(kDim, random());
        Expect(collection_->Commit({.put_items = {}, .put_units = picked.units, .remove_items = {}, .put_job = {}})
                   .has_value(),
               "a replacement");
      } else if (own.size() > 300 || random() % 3 == 0) {
        Expect(collection_->Commit({.put_items = {}, .put_units = {}, .remove_items = {picked.item.id}, .put_job = {}})
                   .has_value(),
               "a removal");
        const auto gone = collection_->View()->Search(picked.units[0].record.vectors[0].embedding,
                                                      {.k = 3, .filter = nullptr, .limits = {}});
        Expect(gone.has_value(), "a search");
        for (const Neighbor& neighbor : *gone) Expect(neighbor.unit != picked.units[0].record.id, "it is gone");
        std::swap(picked, own.back());
        own.pop_back();
      }
    }
  }

  void Read(uint64_t reader) {
    std::mt19937_64 random(reader);
    while (!done_) {
      const auto view = collection_->View();
      const size_t k = 1 + random() % 20;
      const auto found = view->Search(RandomEmbedding(kDim, random()), {.k = k, .filter = nullptr, .limits = {}});
      Expect(found.has_value(), "a search");
      Expect(found->size() <= k, "at most k");
      std::set<UnitId> units;
      for (size_t i = 0; i < found->size(); ++i) {
        Expect(units.insert((*found)[i].unit).second, "a unit once");
        Expect(i == 0 || (*found)[i].score <= (*found)[i - 1].score, "best first");
      }
      ++searches_;
    }
  }

  /// What an operator does now and then.
  void Operate() {
    for (uint64_t round = 0; !done_; ++round) {
      Expect(collection_->SetIndexOptions(OptionsOf(round)).has_value(), "new options");
      Expect(collection_->SealNow().has_value(), "a seal");
      const auto stats = collection_->Stats();
      Expect(stats.has_value() && stats->index.failure.empty(), "no failure");
      if (round % 8 == 7) {
        const auto report = collection_->Verify({});
        Expect(report.has_value() && report->findings.empty(), "a sound collection");
      }
      if (round % 16 == 15) {
        const auto repaired = collection_->Repair();
        Expect(repaired.has_value() && repaired->done.empty(), "nothing to repair");
      }
    }
  }

  void Expect(bool holds, const char* what) {
    if (holds) return;
    ADD_FAILURE() << "expected " << what;
    done_ = true;
  }

  TempDir scratch_;
  std::unique_ptr<Collection> collection_;
  std::atomic<bool> done_{false};
  std::atomic<uint64_t> searches_{0};
};

TEST_F(IndexStressIntegrationTest, EverythingAtOnceStaysSound) {
  auto made = Collection::Create(scratch_ / "c", {"none", "", kDim, PatchStorage::kNone}, OptionsOf(0));
  ASSERT_THAT(made, IsOk());
  collection_ = *std::move(made);
  {
    std::vector<std::jthread> threads;
    for (uint64_t i = 1; i <= 2; ++i) threads.emplace_back([this, i] { Write(i); });
    for (uint64_t i = 1; i <= 3; ++i) threads.emplace_back([this, i] { Read(i); });
    threads.emplace_back([this] { Operate(); });
    const auto end = std::chrono::steady_clock::now() + Duration();
    while (!done_ && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    done_ = true;
  }
  EXPECT_GT(searches_, 0u);
  ASSERT_THAT(collection_->WaitForBackground(), IsOk());
  const auto report = collection_->Verify({});
  ASSERT_THAT(report, IsOk());
  for (const VerifyFinding& finding : report->findings) ADD_FAILURE() << finding.what;
  EXPECT_FALSE(collection_->Stats()->index.segments.empty());
}

}  // namespace
}  // namespace sightline::storage
