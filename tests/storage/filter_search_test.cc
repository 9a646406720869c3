// SPDX-License-Identifier: BSD-3-Clause
// Filtered searches of the embedded collection find what those of the plain one in memory find, which asks Matches.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "storage/collection.h"
#include "tests/storage/random_filters.h"
#include "tests/storage/sample_records.h"
#include "tests/support/memory_collection.h"
#include "tests/support/test_support.h"

namespace sightline::testing {
namespace {

using storage::Collection;
using storage::FilterStrategy;
using storage::Neighbor;
using storage::SearchStats;
using storage::WriteSet;
using ::testing::IsEmpty;

constexpr uint32_t kDim = 16;
const storage::CollectionConfig kConfig{"none", "", kDim, storage::PatchStorage::kNone};

/// Two collections that get the same commits.
class FilterSearchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    embedded_ = *Collection::Create(folder_, kConfig);
    memory_ = *MemoryCollection::Create(kConfig);
  }

  /// A picture or a clip with random metadata.
  Sample RandomSample(RandomFilters& random) {
    const uint64_t number = ++samples_made_;
    Sample sample = MakeSample(*embedded_, random.MakePath(number), number, 1 + random.Pick(3));
    EXPECT_EQ(memory_->AllocateIds(1, 1)->first_item, sample.item.id);
    sample.item.metadata = random.MakeMetadata();
    if (random.Pick(6) == 0) sample.item.paths.push_back({"/second" + sample.item.paths[0].path, 1, 1});
    return sample;
  }

  void Commit(const WriteSet& changes) {
    ASSERT_THAT(embedded_->Commit(changes), IsOk());
    ASSERT_THAT(memory_->Commit(changes), IsOk());
    for (const auto& item : changes.put_items) items_[item.id] = item;
    for (const ItemId id : changes.remove_items) items_.erase(id);
  }

  /// Adds some items, changes the metadata of some, removes some.
  void CommitAtRandom(RandomFilters& random) {
    WriteSet changes;
    for (const auto& [id, item] : items_) {
      const size_t fate = random.Pick(8);
      if (fate == 0) changes.remove_items.push_back(id);
      if (fate != 1) continue;
      changes.put_items.push_back(item);
      changes.put_items.back().metadata = random.MakeMetadata();
    }
    for (int i = 0; i < 80; ++i) {
      Sample sample = RandomSample(random);
      changes.put_items.push_back(std::move(sample.item));
      changes.put_units.push_back(std::move(sample.units[0]));
    }
    Commit(changes);
  }

  TempDir scratch_;
  const std::filesystem::path folder_ = scratch_ / "c";
  std::unique_ptr<Collection> embedded_;
  std::unique_ptr<MemoryCollection> memory_;
  std::map<ItemId, storage::ItemRecord> items_;
  uint64_t samples_made_ = 0;
};

/// The same units in the same order, but for scores that only rounding tells apart.
void ExpectSame(const std::vector<Neighbor>& found, const std::vector<Neighbor>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  std::set<UnitId> units;
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i].score, wanted[i].score, 1e-5) << "rank " << i;
    const bool is_tie = (i > 0 && std::abs(wanted[i].score - wanted[i - 1].score) < 1e-5) ||
                        (i + 1 < wanted.size() && std::abs(wanted[i].score - wanted[i + 1].score) < 1e-5);
    ASSERT_TRUE(is_tie || found[i].unit == wanted[i].unit) << "rank " << i;
    ASSERT_TRUE(units.insert(found[i].unit).second);
  }
}

TEST_F(FilterSearchTest, FindsWhatMatchesLetsThrough) {
  RandomFilters random(11);
  std::map<FilterStrategy, size_t> strategies;
  size_t exact = 0;
  size_t checked = 0;
  for (int round = 0; round < 10; ++round) {
    CommitAtRandom(random);
    for (int i = 0; i < 150; ++i) {
      const Filter filter = random.MakeFilter();
      const Embedding query = RandomEmbedding(kDim, 1'000'000 + random.Pick(1'000'000));
      const storage::SearchOptions options{.k = 1 + random.Pick(30), .filter = &filter, .limits = {}};
      SearchStats stats;
      const auto found = embedded_->View()->Search(query, options, &stats);
      const auto wanted = memory_->View()->Search(query, options);
      ASSERT_THAT(found, IsOk());
      ASSERT_THAT(wanted, IsOk());
      ExpectSame(*found, *wanted);
      if (HasFatalFailure()) return;
      ++strategies[stats.filter.strategy];
      if (stats.filter.is_exact) {
        ++exact;
        EXPECT_EQ(stats.records_read, 0u);
      }
      checked += stats.records_read > 0 ? 1 : 0;
    }
  }
  for (const FilterStrategy each :
       {FilterStrategy::kNone, FilterStrategy::kDirectScan, FilterStrategy::kSelector, FilterStrategy::kPostFilter}) {
    EXPECT_GT(strategies[each], 10u) << NameOf(each);
  }
  EXPECT_GT(exact, 100u);
  EXPECT_GT(checked, 100u);
  EXPECT_THAT((*embedded_->Verify({})).findings, IsEmpty());
}

TEST_F(FilterSearchTest, AFewMatchesAreAllThatIsScored) {
  WriteSet changes;
  for (int64_t i = 0; i < 3000; ++i) {
    Sample sample = MakeSample(*embedded_, "/p/" + std::to_string(i), static_cast<uint64_t>(i + 1));
    changes.put_items.push_back(std::move(sample.item));
    changes.put_units.push_back(std::move(sample.units[0]));
  }
  ASSERT_THAT(embedded_->Commit(changes), IsOk());
  Filter filter;
  filter.must.push_back(RangeCondition{.key = "seed", .gt = {}, .gte = {}, .lt = int64_t{21}, .lte = {}});
  SearchStats stats;
  const storage::SearchOptions options{.k = 5, .filter = &filter, .limits = {}};
  const auto found = embedded_->View()->Search(RandomEmbedding(kDim, 5), options, &stats);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->size(), 5u);
  EXPECT_EQ(stats.filter.strategy, FilterStrategy::kDirectScan);
  EXPECT_EQ(stats.filter.items_possible, 20u);
  EXPECT_EQ(stats.filter.items_in_all, 3000u);
  EXPECT_EQ(stats.vectors_scanned, 20u);
  EXPECT_EQ(stats.units_filtered_out, 2980u);
  EXPECT_EQ(stats.records_read, 0u);
}

TEST_F(FilterSearchTest, AViewOutlivesWhatItFinds) {
  RandomFilters random(12);
  CommitAtRandom(random);
  const auto view = embedded_->View();
  WriteSet changes;
  for (const auto& [id, item] : items_) changes.remove_items.push_back(id);
  Commit(changes);
  for (int i = 0; i < 50; ++i) {
    const Filter filter = random.MakeFilter();
    const storage::SearchOptions options{.k = 10, .filter = &filter, .limits = {}};
    EXPECT_THAT(view->Search(RandomEmbedding(kDim, 5), options), IsOk());
    EXPECT_THAT(*embedded_->View()->Search(RandomEmbedding(kDim, 5), options), IsEmpty());
  }
}

/// Vectors around a few hundred centres, in a sealed segment of one kind.
class SealedFilterTest : public ::testing::TestWithParam<storage::IndexKind> {
 protected:
  static constexpr uint32_t kSealedDim = 32;
  static constexpr size_t kItems = 12'000;
  static constexpr size_t kPerCommit = 2'000;

  void SetUp() override {
    storage::IndexOptions index;
    index.kind = GetParam();
    index.seal_rows = 2 * kItems;  // Only when it is asked for.
    collection_ = *Collection::Create(folder_, {"none", "", kSealedDim, storage::PatchStorage::kNone}, index);
    for (size_t done = 0; done < kItems; done += kPerCommit) Commit(done);
    ASSERT_THAT(collection_->SealNow({}), IsOk());
    ASSERT_THAT(collection_->WaitForBackground({}), IsOk());
    ASSERT_EQ((*collection_->Stats()).index.segments.size(), 1u);
  }

  void Commit(size_t first) {
    WriteSet changes;
    for (size_t i = first; i < first + kPerCommit; ++i) {
      Sample sample = MakeSample(*collection_, "/p/" + std::to_string(i), i + 1);
      sample.item.metadata["percent"].emplace_back(static_cast<int64_t>(i * 7919 % 100));
      sample.units[0].record.vectors[0].embedding = Near(i % 300, i);
      embeddings_.push_back(sample.units[0].record.vectors[0].embedding);
      units_.push_back(sample.units[0].record.id);
      changes.put_items.push_back(std::move(sample.item));
      changes.put_units.push_back(std::move(sample.units[0]));
    }
    ASSERT_THAT(collection_->Commit(changes), IsOk());
  }

  /// A unit vector near a centre.
  static Embedding Near(size_t centre, size_t seed) {
    Embedding embedding = RandomEmbedding(kSealedDim, 5'000'000 + centre);
    const Embedding noise = RandomEmbedding(kSealedDim, 6'000'000 + seed);
    double squares = 0;
    for (size_t d = 0; d < embedding.size(); ++d) {
      embedding[d] += 0.7f * noise[d];
      squares += static_cast<double>(embedding[d]) * embedding[d];
    }
    for (float& x : embedding) x = static_cast<float>(x / std::sqrt(squares));
    return embedding;
  }

  /// The k nearest units of the items below `percent`, by looking at all.
  std::set<UnitId> Nearest(const Embedding& query, size_t percent, size_t k) const {
    std::vector<std::pair<float, UnitId>> scored;
    for (size_t i = 0; i < embeddings_.size(); ++i) {
      if (i * 7919 % 100 >= percent) continue;
      float score = 0;
      for (size_t d = 0; d < query.size(); ++d) score += query[d] * embeddings_[i][d];
      scored.emplace_back(-score, units_[i]);
    }
    std::sort(scored.begin(), scored.end());
    std::set<UnitId> best;
    for (size_t i = 0; i < k; ++i) best.insert(scored[i].second);
    return best;
  }

  /// Recall of the first 10 over 50 queries; every search must have had this strategy.
  double Recall(size_t percent, FilterStrategy strategy) {
    constexpr size_t kK = 10;
    constexpr size_t kQueries = 50;
    Filter filter;
    filter.must.push_back(
        RangeCondition{.key = "percent", .gt = {}, .gte = {}, .lt = static_cast<int64_t>(percent), .lte = {}});
    const auto view = collection_->View();
    size_t hits = 0;
    for (size_t q = 0; q < kQueries; ++q) {
      const Embedding query = Near(q * 5, 1'000'000 + q);
      const std::set<UnitId> nearest = Nearest(query, percent, kK);
      SearchStats stats;
      const auto found = view->Search(query, {.k = kK, .filter = &filter, .limits = {}}, &stats);
      EXPECT_THAT(found, IsOk());
      EXPECT_EQ(stats.filter.strategy, strategy) << NameOf(stats.filter.strategy);
      EXPECT_EQ(stats.records_read, 0u);
      for (const Neighbor& neighbor : *found) hits += nearest.count(neighbor.unit);
    }
    return static_cast<double>(hits) / (kK * kQueries);
  }

  TempDir scratch_;
  const std::filesystem::path folder_ = scratch_ / "c";
  std::unique_ptr<Collection> collection_;
  std::vector<Embedding> embeddings_;
  std::vector<UnitId> units_;
};

TEST_P(SealedFilterTest, OnePercentIsFoundAsByExactSearch) { EXPECT_GE(Recall(1, FilterStrategy::kDirectScan), 0.98); }

TEST_P(SealedFilterTest, LargerSharesAreFoundInTheIndex) {
  const double of_all = Recall(100, FilterStrategy::kPostFilter);
  EXPECT_GE(of_all, 0.9);
  EXPECT_GE(Recall(20, FilterStrategy::kSelector), of_all - 0.03);
  EXPECT_GE(Recall(70, FilterStrategy::kPostFilter), of_all - 0.03);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SealedFilterTest,
                         ::testing::Values(storage::IndexKind::kFlat, storage::IndexKind::kIvfPq,
                                           storage::IndexKind::kIvfPqFastScan, storage::IndexKind::kHnsw),
                         [](const auto& kind) { return std::string(NameOf(kind.param)); });

}  // namespace
}  // namespace sightline::testing
