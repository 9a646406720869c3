// SPDX-License-Identifier: BSD-3-Clause
#include "http/service_metrics.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "query/token_cache.h"

namespace sightline::http {
namespace {

double Count(uint64_t number) { return static_cast<double>(number); }

/// A number that a collection counts itself, told to a counter by its growth; one that fell began anew.
class Growth {
 public:
  void Tell(Counter& counter, uint64_t now) {
    counter.Add(Count(now >= told_ ? now - told_ : now));
    told_ = now;
  }

 private:
  uint64_t told_ = 0;
};

class HostMetrics {
 public:
  HostMetrics(MetricsRegistry& registry, const Host& host) : registry_(registry), host_(host) {}

  void Refresh() {
    std::lock_guard lock(mutex_);
    ForgetDropped();
    uint64_t open = 0;
    // What was shown before is 0, unless it is still there.
    for (const auto& [key, gauge] : gauges_) gauge->Set(0);
    for (const auto& hosted : host_.OpenOnes()) {
      ++open;
      ShowGatherer(hosted->name, hosted->gatherer->stats());
      Set("sightline_patch_cache_bytes", "Patches that searches keep in memory.", hosted->name,
          Count(hosted->searcher->patch_cache_size_bytes()));
      if (const auto stats = hosted->collection->Stats()) ShowCollection(hosted->name, *stats);
    }
    registry_.GetGauge("sightline_collections_open", "Collections that are open.").Set(Count(open));
    const query::TokenPool& patches = *host_.patch_pool();
    registry_.GetGauge("sightline_patch_cache_budget_bytes", "Patches that all collections may keep in memory.")
        .Set(Count(patches.budget_bytes()));
  }

 private:
  // Everything that is told of collections that are gone, whoever told it.
  void ForgetDropped() {
    const auto names = host_.Names();
    if (!names) return;
    for (const std::string& told : registry_.LabelValues("collection")) {
      if (std::ranges::binary_search(*names, told)) continue;
      registry_.Forget("collection", told);
      std::erase_if(growth_, [&told](const auto& entry) { return entry.first.second == told; });
      std::erase_if(gauges_, [&told](const auto& entry) { return entry.first.second == told; });
    }
  }

  void Set(const char* name, const char* help, const std::string& collection, double value) {
    Gauge& gauge = registry_.GetGauge(name, help, {{"collection", collection}});
    gauges_[{name, collection}] = &gauge;
    gauge.Set(value);
  }

  void Grow(const char* name, const char* help, const std::string& collection, uint64_t now) {
    growth_[{name, collection}].Tell(registry_.GetCounter(name, help, {{"collection", collection}}), now);
  }

  void ShowCollection(const std::string& name, const storage::CollectionStats& stats) {
    Set("sightline_collection_items", "Pictures, videos and captions.", name, Count(stats.items));
    Set("sightline_collection_units", "What is searched: pictures, clips, captions.", name, Count(stats.units));
    Set("sightline_collection_vectors", "Embeddings, those of frames included.", name, Count(stats.vectors));
    Set("sightline_collection_disk_bytes", "The collection's folder.", name, Count(stats.disk_bytes));
    Set("sightline_collection_exact_rows", "Vectors in no segment: every search looks at them.", name,
        Count(stats.index.exact_rows));
    Set("sightline_collection_segments", "Sealed segments of the index.", name, Count(stats.index.segments.size()));
  }

  void ShowGatherer(const std::string& name, const query::GatherStats& stats) {
    Set("sightline_search_queue_length", "Searches that wait for a batch.", name, Count(stats.waiting));
    Set("sightline_search_queue_seconds", "What the waiting searches will take at the least.", name,
        stats.wait_ms / 1000);
    Grow("sightline_gathered_searches_total", "Searches that went to a batch.", name, stats.searches);
    Grow("sightline_search_batches_total", "Batches that ran.", name, stats.batches);
    Grow("sightline_searches_refused_total", "Searches refused because too many waited.", name, stats.refused);
    Grow("sightline_searches_shrunk_total", "Searches reranked less deep than asked for.", name, stats.shrunk);
  }

  MetricsRegistry& registry_;
  const Host& host_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Growth> growth_;
  std::map<std::pair<std::string, std::string>, Gauge*> gauges_;
};

}  // namespace

void ShowHost(MetricsRegistry& registry, const Host& host) {
  registry.OnSerialize([metrics = std::make_shared<HostMetrics>(registry, host)] { metrics->Refresh(); });
}

std::function<void(std::string_view, const query::SearchAnswer&)> CountSearches(MetricsRegistry& registry) {
  return [&registry](std::string_view collection, const query::SearchAnswer& answer) {
    const std::string name(collection);
    const MetricLabels labels = {{"collection", name}};
    const std::pair<const char*, double> stages[] = {{"encode", answer.timings.encode_ms},
                                                     {"coarse", answer.timings.coarse_ms},
                                                     {"patches", answer.timings.patches_ms},
                                                     {"rerank", answer.timings.rerank_ms},
                                                     {"total", answer.timings.total_ms}};
    for (const auto& [stage, milliseconds] : stages) {
      registry
          .GetHistogram("sightline_search_stage_seconds", "Time of a search's stages.",
                        {{"collection", name}, {"stage", stage}})
          .Observe(milliseconds / 1000);
    }
    registry.GetCounter("sightline_search_reranked_total", "Candidates that the fusion encoder scored.", labels)
        .Add(Count(answer.reranked));
    registry
        .GetCounter("sightline_search_patches_cached_total",
                    "Reranked candidates whose patches or token states were in memory.", labels)
        .Add(Count(answer.patches_cached));
    registry.GetCounter("sightline_searches_degraded_total", "Answers with less done than asked for.", labels)
        .Add(answer.degraded ? 1 : 0);
  };
}

}  // namespace sightline::http
