// SPDX-License-Identifier: BSD-3-Clause
#include "http/service_metrics.h"

#include <future>

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

class ServiceMetricsTest : public ::testing::Test {
 protected:
  ServiceMetricsTest() {
    auto host = Host::Open({.data_dir = data_.path(), .encoder = nullptr});
    EXPECT_THAT(host, IsOk());
    host_ = *std::move(host);
    EXPECT_THAT(host_->Create("vectors", {.model_name = "none", .model_fingerprint = "", .dim = 2}), IsOk());
  }

  /// Adds an item with one vector.
  void Add() {
    const auto hosted = host_->Find("vectors");
    ASSERT_THAT(hosted, IsOk());
    const auto ids = (*hosted)->collection->AllocateIds(1, 1);
    ASSERT_THAT(ids, IsOk());
    storage::ItemRecord item;
    item.id = ids->first_item;
    item.paths = {{.path = "/a", .size_bytes = 1, .mtime_ns = 1}};
    item.units = {ids->first_unit};
    storage::NewUnit unit;
    unit.record.id = ids->first_unit;
    unit.record.item = item.id;
    unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = {1, 0}}};
    storage::WriteSet changes;
    changes.put_items.push_back(std::move(item));
    changes.put_units.push_back(std::move(unit));
    ASSERT_THAT((*hosted)->collection->Commit(changes), IsOk());
  }

  query::SearchAnswer Search() {
    const auto hosted = host_->Find("vectors");
    query::SearchRequest request;
    request.query.vector = Embedding{1, 0};
    std::promise<Result<query::SearchAnswer>> promise;
    (*hosted)->gatherer->Submit(std::move(request),
                                [&](Result<query::SearchAnswer> answer) { promise.set_value(std::move(answer)); });
    auto answer = promise.get_future().get();
    EXPECT_THAT(answer, IsOk());
    return answer ? *std::move(answer) : query::SearchAnswer();
  }

  const testing::TempDir data_;
  std::unique_ptr<Host> host_;
  MetricsRegistry registry_;
};

TEST_F(ServiceMetricsTest, CollectionsAreShownAsTheyAreNow) {
  ShowHost(registry_, *host_);
  EXPECT_THAT(registry_.Serialize(), HasSubstr("sightline_collection_items{collection=\"vectors\"} 0\n"));
  Add();
  Search();
  Search();
  const std::string text = registry_.Serialize();
  EXPECT_THAT(text, HasSubstr("sightline_collections_open 1\n"));
  EXPECT_THAT(text, HasSubstr("sightline_collection_items{collection=\"vectors\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sightline_collection_vectors{collection=\"vectors\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sightline_gathered_searches_total{collection=\"vectors\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sightline_search_queue_length{collection=\"vectors\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sightline_patch_cache_bytes{collection=\"vectors\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sightline_patch_cache_budget_bytes "));
  // Read again, nothing is counted twice.
  EXPECT_THAT(registry_.Serialize(), HasSubstr("sightline_gathered_searches_total{collection=\"vectors\"} 2\n"));
}

TEST_F(ServiceMetricsTest, ADroppedCollectionShowsNothing) {
  ShowHost(registry_, *host_);
  Add();
  EXPECT_THAT(registry_.Serialize(), HasSubstr("sightline_collection_items{collection=\"vectors\"} 1\n"));
  ASSERT_THAT(host_->Drop("vectors", {}), IsOk());
  const std::string text = registry_.Serialize();
  EXPECT_THAT(text, HasSubstr("sightline_collections_open 0\n"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("vectors\"")));
}

TEST_F(ServiceMetricsTest, ACollectionOfTheNameOfADroppedOneCountsFromZero) {
  ShowHost(registry_, *host_);
  const auto count = CountSearches(registry_);
  Add();
  count("vectors", Search());
  count("vectors", Search());
  EXPECT_THAT(registry_.Serialize(), HasSubstr("sightline_gathered_searches_total{collection=\"vectors\"} 2\n"));
  ASSERT_THAT(host_->Drop("vectors", {}), IsOk());
  count("never shown", {});
  EXPECT_THAT(registry_.Serialize(), ::testing::Not(HasSubstr("{collection=")));
  EXPECT_THAT(host_->Create("vectors", {.model_name = "none", .model_fingerprint = "", .dim = 2}), IsOk());
  Add();
  count("vectors", Search());
  const std::string text = registry_.Serialize();
  EXPECT_THAT(text, HasSubstr("sightline_gathered_searches_total{collection=\"vectors\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("sightline_search_stage_seconds_count{collection=\"vectors\",stage=\"total\"} 1\n"));
}

TEST_F(ServiceMetricsTest, AnswersAreCounted) {
  const auto count = CountSearches(registry_);
  query::SearchAnswer answer;
  answer.timings = {.encode_ms = 20, .coarse_ms = 1, .patches_ms = 0, .rerank_ms = 300, .total_ms = 330};
  answer.reranked = 64;
  answer.patches_cached = 60;
  count("vectors", answer);
  answer.degraded = true;
  count("vectors", answer);
  const std::string text = registry_.Serialize();
  EXPECT_THAT(text, HasSubstr("sightline_search_stage_seconds_count{collection=\"vectors\",stage=\"rerank\"} 2\n"));
  EXPECT_THAT(
      text,
      HasSubstr("sightline_search_stage_seconds_bucket{collection=\"vectors\",stage=\"rerank\",le=\"0.25\"} 0\n"));
  EXPECT_THAT(
      text, HasSubstr("sightline_search_stage_seconds_bucket{collection=\"vectors\",stage=\"rerank\",le=\"0.5\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("sightline_search_reranked_total{collection=\"vectors\"} 128\n"));
  EXPECT_THAT(text, HasSubstr("sightline_search_patches_cached_total{collection=\"vectors\"} 120\n"));
  EXPECT_THAT(text, HasSubstr("sightline_searches_degraded_total{collection=\"vectors\"} 1\n"));
}

}  // namespace
}  // namespace sightline::http
