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

class CounterOf : public Counter {
 public:
  explicit CounterOf(prometheus::Counter& counter) : counter_(counter) {}
  void Add(double by) override { counter_.Increment(by); }

 private:
  prometheus::Counter& counter_;
};

class GaugeOf : public Gauge {
 public:
  explicit GaugeOf(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void Set(double value) override { gauge_.Set(value); }

 private:
  prometheus::Gauge& gauge_;
};

class HistogramOf : public Histogram {
 public:
  explicit HistogramOf(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void Observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

/// What was made, by name and labels.
template <typename Kind>
using Made = std::map<std::pair<std::string, MetricLabels>, std::unique_ptr<Kind>>;

}  // namespace

struct MetricsRegistry::State {
  std::mutex mutex;
  prometheus::Registry registry;
  Made<Counter> counters;
  Made<Gauge> gauges;
  Made<Histogram> histograms;
  std::vector<std::function<void()>> refreshers;

  template <typename Kind, typename Make>
  Kind& Get(Made<Kind>& made, const std::string& name, const MetricLabels& labels, Make make) {
    std::lock_guard lock(mutex);
    std::unique_ptr<Kind>& metric = made[{name, labels}];
    if (!metric) {
      try {
        metric = make();
      } catch (const std::exception&) {
        CheckFailed("MetricsRegistry: a broken name, or one that another kind has", __FILE__, __LINE__);
      }
    }
    return *metric;
  }
};

std::vector<double> LatencyBounds() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

MetricsRegistry::MetricsRegistry() : state_(std::make_unique<State>()) {}
MetricsRegistry::~MetricsRegistry() = default;

Counter& MetricsRegistry::GetCounter(const std::string& name, const std::string& help, const MetricLabels& labels) {
  return state_->Get(state_->counters, name, labels, [&] {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry);
    return std::make_unique<CounterOf>(family.Add(labels));
  });
}

Gauge& MetricsRegistry::GetGauge(const std::string& name, const std::string& help, const MetricLabels& labels) {
  return state_->Get(state_->gauges, name, labels, [&] {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry);
    return std::make_unique<GaugeOf>(family.Add(labels));
  });
}

Histogram& MetricsRegistry::GetHistogram(const std::string& name, const std::string& help, const MetricLabels& labels,
                                         const std::vector<double>& bounds) {
  return state_->Get(state_->histograms, name, labels, [&] {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry);
    return std::make_unique<HistogramOf>(family.Add(labels, bounds));
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
