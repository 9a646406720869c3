// SPDX-License-Identifier: BSD-3-Clause
#include "base/metrics.h"

#include <mutex>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/check.h"

namespace sightline {
namespace {

/// One metric of a family, which can be taken out of it and put in again. The family lives as long as the registry.
template <typename Metric>
class Member {
 public:
  void Enter(prometheus::Family<Metric>& family, Metric& metric) {
    const std::lock_guard lock(mutex_);
    family_ = &family;
    metric_ = &metric;
  }

  void Leave() {
    const std::lock_guard lock(mutex_);
    if (metric_ != nullptr) family_->Remove(metric_);
    metric_ = nullptr;
  }

  bool is_in() const {
    const std::lock_guard lock(mutex_);
    return metric_ != nullptr;
  }

  template <typename Change>
  void Apply(Change change) {
    const std::lock_guard lock(mutex_);
    if (metric_ != nullptr) change(*metric_);
  }

 private:
  mutable std::mutex mutex_;  ///< Held while the metric is changed, so that it does not leave meanwhile.
  prometheus::Family<Metric>* family_ = nullptr;
  Metric* metric_ = nullptr;  ///< Null: forgotten.
};

struct CounterOf : Counter {
  void Add(double by) override {
    member.Apply([by](auto& counter) { counter.Increment(by); });
  }
  Member<prometheus::Counter> member;
};

struct GaugeOf : Gauge {
  void Set(double value) override {
    member.Apply([value](auto& gauge) { gauge.Set(value); });
  }
  Member<prometheus::Gauge> member;
};

struct HistogramOf : Histogram {
  void Observe(double value) override {
    member.Apply([value](auto& histogram) { histogram.Observe(value); });
  }
  Member<prometheus::Histogram> member;
};

/// What was made, by name and labels.
template <typename Kind>
using Made = std::map<std::pair<std::string, MetricLabels>, std::unique_ptr<Kind>>;

}  // namespace

struct MetricsRegistry::State {
  mutable std::mutex mutex;
  prometheus::Registry registry;
  Made<CounterOf> counters;
  Made<GaugeOf> gauges;
  Made<HistogramOf> histograms;
  std::vector<std::function<void()>> refreshers;

  /// @param builder  of the family. @param more  what a member is made of besides its labels.
  template <typename Kind, typename Builder, typename... More>
  Kind& Get(Made<Kind>& made, Builder builder, const std::string& name, const std::string& help,
            const MetricLabels& labels, const More&... more) {
    const std::lock_guard lock(mutex);
    std::unique_ptr<Kind>& metric = made[{name, labels}];
    if (!metric) metric = std::make_unique<Kind>();
    if (metric->member.is_in()) return *metric;
    try {
      auto& family = builder.Name(name).Help(help).Register(registry);
      metric->member.Enter(family, family.Add(labels, more...));
    } catch (const std::exception&) {
      CheckFailed("MetricsRegistry: a broken name, or one that another kind has", __FILE__, __LINE__);
    }
    return *metric;
  }

  /// Calls `visit` with the labels and the member of every metric that is shown.
  template <typename Visit>
  void ForEachMember(Visit visit) {
    const std::lock_guard lock(mutex);
    const auto each = [&visit](auto& made) {
      for (auto& [key, metric] : made) {
        if (metric->member.is_in()) visit(key.second, metric->member);
      }
    };
    each(counters);
    each(gauges);
    each(histograms);
  }
};

std::vector<double> LatencyBounds() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

MetricsRegistry::MetricsRegistry() : state_(std::make_unique<State>()) {}
MetricsRegistry::~MetricsRegistry() = default;

Counter& MetricsRegistry::GetCounter(const std::string& name, const std::string& help, const MetricLabels& labels) {
  return state_->Get(state_->counters, prometheus::BuildCounter(), name, help, labels);
}

Gauge& MetricsRegistry::GetGauge(const std::string& name, const std::string& help, const MetricLabels& labels) {
  return state_->Get(state_->gauges, prometheus::BuildGauge(), name, help, labels);
}

Histogram& MetricsRegistry::GetHistogram(const std::string& name, const std::string& help, const MetricLabels& labels,
                                         const std::vector<double>& bounds) {
  return state_->Get(state_->histograms, prometheus::BuildHistogram(), name, help, labels, bounds);
}

std::set<std::string> MetricsRegistry::LabelValues(const std::string& label) const {
  std::set<std::string> values;
  state_->ForEachMember([&](const MetricLabels& labels, const auto&) {
    if (const auto found = labels.find(label); found != labels.end()) values.insert(found->second);
  });
  return values;
}

void MetricsRegistry::Forget(const std::string& label, const std::string& value) {
  state_->ForEachMember([&](const MetricLabels& labels, auto& member) {
    if (const auto found = labels.find(label); found != labels.end() && found->second == value) member.Leave();
  });
}

void MetricsRegistry::OnSerialize(std::function<void()> refresh) {
  std::lock_guard lock(state_->mutex);
  state_->refreshers.push_back(std::move(refresh));
}

std::string MetricsRegistry::Serialize() {
  std::vector<std::function<void()>> refreshers;
  {
    std::lock_guard lock(state_->mutex);
    refreshers = state_->refreshers;
  }
  for (const auto& refresh : refreshers) refresh();
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace sightline
