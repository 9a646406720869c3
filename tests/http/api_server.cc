// SPDX-License-Identifier: BSD-3-Clause
// The routes of the service over a fake model, for scripts/api_conformance.sh: as `sightline serve`, and quicker.
// usage: SIGHTLINE_DATA=FOLDER http_api_server serve --listen ADDRESS --root FOLDER
#include <signal.h>
#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/metrics.h"
#include "http/api.h"
#include "http/compat_routes.h"
#include "http/image_fetcher.h"
#include "http/listen_address.h"
#include "http/page_routes.h"
#include "http/probe_routes.h"
#include "http/search_route.h"
#include "http/server.h"
#include "tests/support/fake_encoder.h"

namespace sightline::http {
namespace {

template <typename T>
T Must(Result<T> result) {
  if (result) return *std::move(result);
  fmt::print(stderr, "{}\n", result.error().message);
  ::exit(1);
}

void Run(const std::filesystem::path& data_dir, std::string_view listen, const std::filesystem::path& root) {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // Before there are threads.
  const auto host = Must(Host::Open({.data_dir = data_dir, .encoder = std::make_unique<testing::FakeEncoder>()}));
  const auto media = Must(MediaStore::Open(data_dir / "media"));
  const auto roots = Must(PathRoots::Make(std::span(&root, 1)));
  const auto fetcher = Must(ImageFetcher::Make({}));
  MetricsRegistry metrics;
  JobService jobs;
  TaskPool pool(4, 64);
  Router router;
  const Api api = {.host = *host, .pool = pool, .jobs = jobs, .media = *media, .roots = roots};
  AddCollectionRoutes(router, api);
  AddItemRoutes(router, api);
  AddJobRoutes(router, api);
  AddMediaRoutes(router, api);
  AddOpenApiRoute(router);
  AddSearchRoute(router, {.host = *host, .pool = pool, .fetcher = *fetcher});
  const CompatApi compat = {.host = *host, .pool = pool, .fetcher = *fetcher};
  AddEmbeddingsRoute(router, compat);
  AddRerankRoutes(router, compat);
  AddKnnRoutes(router, compat);
  AddProbeRoutes(router, pool, metrics, {});
  AddPageRoutes(router);
  ServerOptions options;
  options.listen = {Must(ParseListenAddress(listen))};
  const auto server = Must(Server::Open(std::move(options), std::move(router), NoKeys()));
  fmt::print("listening on http://127.0.0.1:{}\n", server->port());
  std::fflush(stdout);
  int signal = 0;
  ::sigwait(&signals, &signal);
  server->Stop(std::chrono::seconds(1));
}

}  // namespace
}  // namespace sightline::http

int main(int argc, char** argv) {
  std::string_view listen;
  std::string_view root;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::string_view(argv[i]) == "--listen") listen = argv[i + 1];
    if (std::string_view(argv[i]) == "--root") root = argv[i + 1];
  }
  const char* const data = ::getenv("SIGHTLINE_DATA");
  if (listen.empty() || root.empty() || data == nullptr) return 2;
  sightline::http::Run(data, listen, root);
}
