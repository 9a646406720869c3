// SPDX-License-Identifier: BSD-3-Clause
// What every Collection must do while it lives: updates and deletes that the very next view sees, many of them, and
// readers beside a writer. Search is compared with a plain look at every vector.
#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "tests/storage/conformance_fixture.h"

namespace sightline::testing {
namespace {

using storage::IndexView;
using storage::Neighbor;
using storage::UnitRecord;
using storage::WriteSet;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Numbered(std::string_view folder, uint64_t number) {
  std::string path(folder);
  path += std::to_string(number);
  return path;
}

/// What a collection should hold, and what a search of it should give.
class Model {
 public:
  void Put(const Sample& sample) { samples_[sample.item.id] = sample; }
  void Remove(ItemId item) { samples_.erase(item); }

  const std::map<ItemId, Sample>& samples() const { return samples_; }
  size_t vector_count() const {
    size_t count = 0;
    for (const auto& [id, sample] : samples_) count += sample.units[0].record.vectors.size();
    return count;
  }

  /// Units by score, best first; equal ones by id.
  std::vector<Neighbor> Ranked(const Embedding& query, const Filter* filter = nullptr) const {
    std::vector<Neighbor> all;
    for (const auto& [id, sample] : samples_) {
      const UnitRecord& unit = sample.units[0].record;
      if (filter != nullptr && !Matches(*filter, unit.type, sample.item.paths[0].path, sample.item.metadata)) continue;
      all.push_back(BestOf(unit, query));
    }
    std::sort(all.begin(), all.end(), [](const Neighbor& a, const Neighbor& b) {
      return a.score != b.score ? a.score > b.score : a.unit < b.unit;
    });
    return all;
  }

 private:
  static Neighbor BestOf(const UnitRecord& unit, const Embedding& query) {
    Neighbor best{unit.id, -2, std::nullopt};
    for (const auto& vector : unit.vectors) {
      double score = 0;
      for (size_t i = 0; i < query.size(); ++i) score += static_cast<double>(query[i]) * vector.embedding[i];
      if (static_cast<float>(score) > best.score) {
        best.score = static_cast<float>(score);
        best.frame_time_us = vector.frame_time_us;
      }
    }
    return best;
  }

  std::map<ItemId, Sample> samples_;
};

class ConformanceLifeTest : public ConformanceTest {
 protected:
  void Commit(const std::vector<Sample>& put, const std::vector<ItemId>& removed = {}) {
    WriteSet changes = Put(put);
    changes.remove_items = removed;
    ASSERT_THAT(collection_->Commit(changes), IsOk());
    for (const Sample& sample : put) model_.Put(sample);
    for (const ItemId item : removed) model_.Remove(item);
  }

  /// `count` new samples of one to three vectors, in commits of 100.
  void Fill(uint64_t count) {
    std::vector<Sample> batch;
    for (const uint64_t end = filled_ + count; filled_ < end;) {
      const uint64_t seed = filled_++;
      batch.push_back(Sampled(Numbered(seed % 4 == 0 ? "/trip/" : "/home/", seed), seed, 1 + seed % 3));
      if (batch.size() == 100 || filled_ == end) Commit(std::exchange(batch, {}));
    }
  }

  /// The same item and unit with other vectors, and another number of them.
  Sample Changed(const Sample& sample, uint64_t seed, size_t vectors) {
    Sample changed = Sampled(sample.item.paths[0].path, seed, vectors);
    changed.item.id = sample.item.id;
    changed.item.units = sample.item.units;
    changed.units[0].record.id = sample.units[0].record.id;
    changed.units[0].record.item = sample.item.id;
    return changed;
  }

  /// The share of the true best `k` that a search finds. What it finds is in order, there, and scored right up to
  /// `score_error`; so two units whose scores are nearer than twice that may stand for each other.
  double Recall(const IndexView& view, const Embedding& query, size_t k, const Filter* filter = nullptr,
                float score_error = 1e-5F) {
    const std::vector<Neighbor> truth = model_.Ranked(query, filter);
    const auto found = view.Search(query, {.k = k, .filter = filter, .limits = {}});
    EXPECT_THAT(found, IsOk());
    if (!found) return 0;
    const size_t wanted = std::min(k, truth.size());
    EXPECT_LE(found->size(), wanted);
    std::map<UnitId, Neighbor> all;
    for (const Neighbor& neighbor : truth) all[neighbor.unit] = neighbor;
    std::set<UnitId> seen;
    size_t hits = 0;
    for (size_t i = 0; i < found->size(); ++i) {
      const Neighbor& neighbor = (*found)[i];
      EXPECT_TRUE(seen.insert(neighbor.unit).second) << "a unit twice";
      EXPECT_TRUE(all.contains(neighbor.unit)) << "unit " << neighbor.unit.value << " should not be there";
      EXPECT_NEAR(neighbor.score, all[neighbor.unit].score, score_error);
      EXPECT_LE(neighbor.score, (*found)[i == 0 ? 0 : i - 1].score);
      if (all[neighbor.unit].score >= truth[wanted - 1].score - 2 * score_error) ++hits;
    }
    return wanted == 0 ? 1 : static_cast<double>(hits) / static_cast<double>(wanted);
  }

  void ExpectSearchesWell(size_t k, const Filter* filter = nullptr) {
    const auto view = collection_->View();
    EXPECT_EQ(view->unit_count(), model_.samples().size());
    EXPECT_EQ(view->vector_count(), model_.vector_count());
    constexpr int kQueries = 20;
    double sum = 0;
    for (uint64_t seed = 0; seed < kQueries; ++seed) {
      sum += Recall(*view, RandomEmbedding(kDim, 900'000 + seed), k, filter);
    }
    EXPECT_GE(sum / kQueries, GetParam().recall - 1e-9);
  }

  Model model_;
  uint64_t filled_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Collections, ConformanceLifeTest, ::testing::ValuesIn(ConformanceKinds()), NameOfKind);

TEST_P(ConformanceLifeTest, EveryChangeIsSeenByTheVeryNextView) {
  Fill(50);
  std::mt19937_64 random(5);
  for (uint64_t step = 0; step < 150; ++step) {
    auto it = model_.samples().begin();
    std::advance(it, static_cast<long>(random() % model_.samples().size()));
    const Sample old = it->second;
    const Embedding old_vector = old.units[0].record.vectors[0].embedding;
    if (step % 3 == 0) {
      Commit({}, {old.item.id});
      const auto found = collection_->View()->Search(old_vector, {.k = 1000, .filter = nullptr, .limits = {}});
      ASSERT_THAT(found, IsOk());
      for (const Neighbor& neighbor : *found) EXPECT_NE(neighbor.unit, old.units[0].record.id) << "removed, and found";
    } else {
      const Sample put = step % 3 == 1 ? Changed(old, 10'000 + step, 1 + random() % 4)
                                       : Sampled(Numbered("/new/", step), 20'000 + step, 1 + random() % 4);
      Commit({put});
      for (const auto& vector : put.units[0].record.vectors) {
        const auto found = collection_->View()->Search(vector.embedding, {.k = 1, .filter = nullptr, .limits = {}});
        ASSERT_THAT(found, IsOk());
        ASSERT_THAT(*found, SizeIs(1));
        EXPECT_EQ((*found)[0].unit, put.units[0].record.id);
        EXPECT_NEAR((*found)[0].score, 1, 1e-5);
        EXPECT_EQ((*found)[0].frame_time_us, vector.frame_time_us);
      }
    }
    const auto view = collection_->View();
    ASSERT_EQ(view->unit_count(), model_.samples().size());
    ASSERT_EQ(view->vector_count(), model_.vector_count());
  }
  ExpectSearchesWell(10);
}

TEST_P(ConformanceLifeTest, ADeleteHeavyLifeLosesNoneOfTheRest) {
  Fill(2000);
  std::vector<ItemId> items;
  for (const auto& [id, sample] : model_.samples()) items.push_back(id);
  std::shuffle(items.begin(), items.end(), std::mt19937_64(7));
  items.resize(items.size() * 9 / 10);
  for (size_t begin = 0; begin < items.size(); begin += 150) {
    const auto end = items.begin() + static_cast<long>(std::min(items.size(), begin + 150));
    Commit({}, std::vector<ItemId>(items.begin() + static_cast<long>(begin), end));
  }
  ASSERT_THAT(model_.samples(), SizeIs(200));
  ExpectSearchesWell(10);
  ExpectSearchesWell(100);
  Filter filter;
  filter.must.push_back(MatchCondition{"parity", {std::string("even")}});
  ExpectSearchesWell(10, &filter);
  // What comes afterwards is found among the rest.
  std::vector<Sample> late;
  for (uint64_t seed = 5000; seed < 5100; ++seed) late.push_back(Sampled(Numbered("/late/", seed), seed, 2));
  Commit(late);
  ExpectSearchesWell(10);
}

TEST_P(ConformanceLifeTest, EverythingCanGoAndComeAgain) {
  for (int round = 0; round < 3; ++round) {
    Fill(120);
    ExpectSearchesWell(10);
    std::vector<ItemId> all;
    for (const auto& [id, sample] : model_.samples()) all.push_back(id);
    Commit({}, all);
    EXPECT_THAT(Search(RandomEmbedding(kDim, 1), 10), IsEmpty());
    EXPECT_EQ(collection_->View()->vector_count(), 0U);
  }
}

TEST_P(ConformanceLifeTest, MoreThanThereIsGivesAllOfItOnce) {
  Fill(300);
  std::vector<ItemId> removed;
  for (const auto& [id, sample] : model_.samples()) {
    if (removed.size() < 100) removed.push_back(id);
  }
  Commit({}, removed);
  for (const size_t k : {size_t{200}, size_t{201}, size_t{100'000}}) {
    EXPECT_THAT(Search(RandomEmbedding(kDim, 3), k), SizeIs(200)) << k;
  }
}

TEST_P(ConformanceLifeTest, EqualScoresStayInOrderOfUnitIdHoweverTheyWereWritten) {
  std::vector<Sample> samples;
  for (uint64_t i = 0; i < 40; ++i) {
    samples.push_back(Sampled(Numbered("/p/", i), i));
    samples.back().units[0].record.vectors[0].embedding = RandomEmbedding(kDim, 1);
  }
  Commit(samples);
  // Written again from the last to the first, one by one, and some of them removed.
  for (size_t i = samples.size(); i-- > 0;) Commit({samples[i]});
  Commit({}, {samples[0].item.id, samples[7].item.id, samples[39].item.id});
  const auto found = Search(RandomEmbedding(kDim, 1), 25);
  ASSERT_THAT(found, SizeIs(25));
  std::vector<UnitId> expected;
  for (const auto& [id, sample] : model_.samples()) expected.push_back(sample.units[0].record.id);
  expected.resize(25);
  EXPECT_EQ(found, expected);
}

TEST_P(ConformanceLifeTest, FiltersFollowMetadataThatChangesWithoutTheUnit) {
  Fill(200);
  Filter starred;
  starred.must.push_back(MatchCondition{"starred", {true}});
  EXPECT_THAT(Search(RandomEmbedding(kDim, 1), 10, &starred), IsEmpty());
  WriteSet changes;
  std::set<UnitId> expected;
  for (const auto& [id, sample] : model_.samples()) {
    if (id.value % 17 != 0) continue;
    changes.put_items.push_back(sample.item);
    changes.put_items.back().metadata["starred"] = {true};
    expected.insert(sample.units[0].record.id);
  }
  ASSERT_THAT(collection_->Commit(changes), IsOk());
  const auto found = Search(RandomEmbedding(kDim, 1), 100, &starred);
  EXPECT_EQ(std::set<UnitId>(found.begin(), found.end()), expected);
  for (auto& item : changes.put_items) item.metadata.erase("starred");
  ASSERT_THAT(collection_->Commit(changes), IsOk());
  EXPECT_THAT(Search(RandomEmbedding(kDim, 1), 10, &starred), IsEmpty());
}

TEST_P(ConformanceLifeTest, ViewsOfManyMomentsKeepWhatTheyShow) {
  struct Held {
    std::shared_ptr<const IndexView> view;
    Model model;
  };
  std::vector<Held> held;
  for (uint64_t round = 0; round < 12; ++round) {
    Fill(40);
    std::vector<ItemId> removed;
    for (const auto& [id, sample] : model_.samples()) {
      if (id.value % 3 == round % 3) removed.push_back(id);
    }
    Commit({}, removed);
    // Every other view has nothing but segments, the rest what the worker did not seal yet.
    if (round % 2 == 0) {
      ASSERT_THAT(collection_->WaitForBackground(), IsOk());
    }
    held.push_back({collection_->View(), model_});
  }
  // What was removed since has no stored embedding any more: a view scores it by the row of its segment, of which each
  // value is off by at most 1/254 of the row's greatest.
  constexpr float kScoreError = 0.01F;
  for (const Held& moment : held) {
    EXPECT_EQ(moment.view->unit_count(), moment.model.samples().size());
    model_ = moment.model;
    double sum = 0;
    for (uint64_t seed = 0; seed < 10; ++seed) {
      sum += Recall(*moment.view, RandomEmbedding(kDim, seed), 10, nullptr, kScoreError);
    }
    EXPECT_GE(sum / 10, GetParam().recall - 1e-9);
  }
}

TEST_P(ConformanceLifeTest, ReadersBesideAWriterSeeWholeCommitsInOrder) {
  // Each commit gives a pair of units the same new vector, so a view that shows half of a commit shows two vectors.
  Sample first = Added("/first", 1);
  Sample second = Added("/second", 2);
  second.units[0].record.vectors = first.units[0].record.vectors;
  ASSERT_THAT(collection_->Commit(Put({first, second})), IsOk());
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::atomic<int> backwards{0};
  std::atomic<int> failures{0};
  std::atomic<uint64_t> searches{0};
  {
    std::vector<std::jthread> readers;
    for (uint64_t reader = 0; reader < 3; ++reader) {
      readers.emplace_back([&, reader] {
        const Embedding query = RandomEmbedding(kDim, 77 + reader);
        Epoch last;
        while (!done) {
          const auto view = collection_->View();
          const auto found = view->Search(query, {.k = 2, .filter = nullptr, .limits = {}});
          if (!found || found->size() != 2) {
            ++failures;
            continue;
          }
          if ((*found)[0].score != (*found)[1].score) ++torn;
          if (view->epoch() < last) ++backwards;
          last = view->epoch();
          ++searches;
        }
      });
    }
    const uint64_t enough = searches + 50;
    for (uint64_t step = 0; step < 200 || (searches < enough && step < 5000); ++step) {
      first.units[0].record.vectors[0].embedding = RandomEmbedding(kDim, 3000 + step);
      second.units[0].record.vectors[0].embedding = first.units[0].record.vectors[0].embedding;
      EXPECT_THAT(collection_->Commit(Put({first, second})), IsOk());
    }
    done = true;
  }
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(backwards, 0);
  EXPECT_EQ(failures, 0);
  EXPECT_GT(searches, 0U);
}

}  // namespace
}  // namespace sightline::testing
