// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sightline {

/// "collection" -> "photos". Every distinct set of values is kept until it is forgotten: they come from closed lists or
/// from our own names, never from a client.
using MetricLabels = std::map<std::string, std::string>;

/// A number that only grows. Thread-safe; so are the next two.
class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Add(double by = 1) = 0;
};

/// A number that is what it is.
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double value) = 0;
};

/// How often values fell below each of some bounds, and their sum.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
};

/// Bounds for latencies in seconds, 0.5 ms to 60 s.
std::vector<double> LatencyBounds();

/// The numbers of one server, in the form that Prometheus reads. Passed by reference, no globals. Thread-safe.
class MetricsRegistry {
 public:
  MetricsRegistry();
  ~MetricsRegistry();
  MetricsRegistry(const MetricsRegistry&) = delete;
  MetricsRegistry& operator=(const MetricsRegistry&) = delete;

  /// The metric of this name and these labels, made when it is first asked for; it lives as long as the registry. A
  /// name is "sightline_requests_total": letters, digits and underscores, the unit at its end. One name has one kind
  /// and one set of bounds; another kind or a broken name is our own bug.
  /// @param help  what it counts, for people; that of the first call counts.
  Counter& GetCounter(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  Gauge& GetGauge(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  /// @param bounds  ascending upper bounds.
  Histogram& GetHistogram(const std::string& name, const std::string& help, const MetricLabels& labels = {},
                          const std::vector<double>& bounds = LatencyBounds());

  /// The values that this label has in the metrics that are shown.
  std::set<std::string> LabelValues(const std::string& label) const;

  /// Shows the metrics with this label no more: what they were about is gone. Whoever still holds one changes nothing;
  /// a Get after this makes it anew, from 0.
  void Forget(const std::string& label, const std::string& value);

  /// Calls `refresh` before every Serialize, to set gauges to what they are then. It must outlive the registry or
  /// whatever it touches must; it may block for a moment.
  void OnSerialize(std::function<void()> refresh);

  /// All metrics in Prometheus' text format, version 0.0.4.
  std::string Serialize();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace sightline
