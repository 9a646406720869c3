// SPDX-License-Identifier: BSD-3-Clause
#include "app/service_options.h"

#include <cmath>
#include <cstddef>
#include <utility>

namespace sightline::app {
namespace {

constexpr int64_t kMegabyte = 1'000'000;

}  // namespace

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

http::HostOptions HostOptionsOf(const Config& config) {
  http::HostOptions options;
  options.storage.min_free_bytes = static_cast<uint64_t>(config.data.min_free_mb * kMegabyte);
  options.searcher.patch_cache_bytes = static_cast<size_t>(config.data.patch_cache_mb * kMegabyte);
  options.gather = {.window = std::chrono::microseconds(std::llround(config.search.gather_ms * 1000)),
                    .max_searches = static_cast<size_t>(config.search.max_batch),
                    .max_pairs = static_cast<size_t>(config.search.max_pairs),
                    .queue_capacity = static_cast<size_t>(config.search.queue),
                    .patience = config.search.patience};
  return options;
}

http::ImageFetcherOptions FetcherOptionsOf(const Config& config) {
  const Config::ImageUrl& image_url = config.image_url;
  http::ImageFetcherOptions options;
  options.enabled = image_url.enabled;
  options.allow = image_url.allow;
  options.networks = image_url.networks;
  options.max_bytes = static_cast<size_t>(image_url.max_mb * kMegabyte);
  options.timeout = Milliseconds(image_url.timeout_s);
  return options;
}

Result<http::ServerOptions> ServerOptionsOf(const Config& config) {
  const Config::Server& server = config.server;
  http::ServerOptions options;
  options.listen.clear();
  for (const std::string& address : server.listen) {
    SL_ASSIGN_OR_RETURN(http::ListenAddress parsed, http::ParseListenAddress(address));
    options.listen.push_back(std::move(parsed));
  }
  if (options.listen.empty()) return Fail(ErrorCode::kInvalidArgument, "nowhere to listen: give --listen ADDRESS:PORT");
  if (server.tls_cert.empty() != server.tls_key.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "a certificate and its key go together: give --tls-cert and --tls-key");
  }
  options.tls_certificate = server.tls_cert;
  options.tls_key = server.tls_key;
  options.io_threads = static_cast<size_t>(server.io_threads);
  options.max_connections = static_cast<size_t>(server.max_connections);
  options.cors_origins = server.cors_origins;
  options.host_names = server.host_names;
  options.timeouts.request = Milliseconds(server.request_timeout_s);
  return options;
}

}  // namespace sightline::app
