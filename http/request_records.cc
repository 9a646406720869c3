// SPDX-License-Identifier: BSD-3-Clause
#include "http/request_records.h"

#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "http/problem.h"

namespace sightline::http {
namespace {

/// The metrics of one kind of request, found without making labels again.
class RequestCounters {
 public:
  explicit RequestCounters(MetricsRegistry& registry) : registry_(registry) {}

  void Count(const RequestRecord& record) {
    // A client may call a method anything: the labels come from a closed list.
    const std::string_view method = ParseMethod(record.method) ? record.method : "other";
    const double seconds = std::chrono::duration<double>(record.duration).count();
    std::lock_guard lock(mutex_);
    Counter*& counter = counters_[{std::string(record.operation), std::string(method), record.status}];
    if (counter == nullptr) {
      counter = &registry_.GetCounter("sightline_http_requests_total", "Requests that were answered.",
                                      {{"operation", std::string(record.operation)},
                                       {"method", std::string(method)},
                                       {"status", std::to_string(record.status)}});
    }
    counter->Add();
    Histogram*& histogram = histograms_[std::string(record.operation)];
    if (histogram == nullptr) {
      histogram = &registry_.GetHistogram("sightline_http_request_seconds",
                                          "From the complete head of a request to the end of its answer.",
                                          {{"operation", std::string(record.operation)}});
    }
    histogram->Observe(seconds);
  }

 private:
  MetricsRegistry& registry_;
  std::mutex mutex_;
  std::map<std::tuple<std::string, std::string, int>, Counter*> counters_;
  std::map<std::string, Histogram*> histograms_;
};

}  // namespace

void LogRequest(const RequestRecord& record) {
  const LogLevel level = IsServerFault(record.status) ? LogLevel::kError : LogLevel::kInfo;
  if (!IsLogged(level)) return;
  std::vector<LogField> fields = {
      {"request_id", std::string(record.id)},
      {"method", std::string(record.method)},
      {"path", std::string(record.path)},
      {"operation", std::string(record.operation)},
      {"status", std::to_string(record.status), true},
      {"duration_ms", fmt::format("{:.3f}", static_cast<double>(record.duration.count()) / 1000), true},
      {"request_bytes", std::to_string(record.request_bytes), true},
      {"response_bytes", std::to_string(record.response_bytes), true},
      {"remote", std::string(record.remote_address)},
  };
  if (!record.principal.empty()) fields.push_back({"key", std::string(record.principal)});
  if (record.client_gone) fields.push_back({"client_gone", "true", true});
  Log(level, "request", fields);
}

std::function<void(const RequestRecord&)> CountRequests(MetricsRegistry& registry) {
  return [counters = std::make_shared<RequestCounters>(registry)](const RequestRecord& record) {
    counters->Count(record);
  };
}

void ShowServer(MetricsRegistry& registry, const Server& server) {
  registry.OnSerialize([&registry, &server] {
    registry.GetGauge("sightline_http_connections", "Connections that are open.")
        .Set(static_cast<double>(server.open_connections()));
    registry.GetGauge("sightline_http_requests_in_flight", "Requests that handlers have and have not answered.")
        .Set(static_cast<double>(server.requests_in_flight()));
  });
}

}  // namespace sightline::http
