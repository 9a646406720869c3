// SPDX-License-Identifier: BSD-3-Clause
#include "app/service.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "app/cli.h"
#include "app/data_dir.h"
#include "app/open.h"
#include "app/scratch_folder.h"
#include "app/service_options.h"
#include "app/thread_budget.h"
#include "base/log.h"
#include "http/api.h"
#include "http/authenticator.h"
#include "http/compat_routes.h"
#include "http/job_metrics.h"
#include "http/key_file.h"
#include "http/page_routes.h"
#include "http/probe_routes.h"
#include "http/request_records.h"
#include "http/search_route.h"
#include "http/service_metrics.h"
#include "storage/data_folder.h"

namespace sightline::app {
namespace {

constexpr size_t kQueuedTasks = 256;

Result<storage::FolderLock> TakeDataFolder(const std::filesystem::path& data_dir, const std::string& socket) {
  SL_RETURN_IF_ERROR(MakeFolders(data_dir / "collections"));
  auto lock = storage::FolderLock::Acquire(data_dir, socket);
  if (lock || lock.error().code != ErrorCode::kFailedPrecondition) return lock;
  const auto owner = storage::ReadLockRecord(data_dir);
  return Fail(ErrorCode::kFailedPrecondition,
              fmt::format("{} has a server already{}", data_dir.string(),
                          owner ? fmt::format(" (pid {})", owner->pid) : std::string()));
}

// Null when nobody asked for a model and none is beside the program.
Result<std::unique_ptr<encoder::Encoder>> LoadModel(const Session& session, std::filesystem::path& folder) {
  auto found = ModelDirOf(session, {});
  if (!found && session.config.data.model.empty()) {
    Log(LogLevel::kWarning, found.error().message);
    return nullptr;
  }
  SL_RETURN_IF_ERROR(found);
  folder = *found;
  const ThreadBudget budget = MakeThreadBudget(session.globals.threads, 0);
  ApplyToOpenMp(budget);
  return encoder::OpenEncoder(folder, {.precision = session.config.data.precision == "bf16" ? encoder::Precision::kBf16
                                                                                            : encoder::Precision::kFp32,
                                       .device = encoder::Device::kAuto,
                                       .threads = budget.encoder});
}

std::vector<std::string> HostsOf(const std::vector<http::ListenAddress>& addresses) {
  std::vector<std::string> hosts;
  for (const http::ListenAddress& address : addresses) hosts.push_back(address.Text());
  return hosts;
}

}  // namespace

Result<std::unique_ptr<Service>> Service::Open(const Session& session) {
  SL_ASSIGN_OR_RETURN(const auto data_dir, ResolveDataDir(session.globals.data_dir, session.environment));
  const std::string socket = (data_dir / "server.sock").string();
  SL_ASSIGN_OR_RETURN(storage::FolderLock lock, TakeDataFolder(data_dir, socket));
  auto service = std::unique_ptr<Service>(new Service(std::move(lock)));
  SL_RETURN_IF_ERROR(service->OpenHost(session, data_dir, socket));
  SL_RETURN_IF_ERROR(service->OpenAccess(session.config, data_dir));
  SL_RETURN_IF_ERROR(service->OpenServer(session));
  SL_RETURN_IF_ERROR(service->OpenCommands(socket));
  return service;
}

Status Service::OpenHost(const Session& session, const std::filesystem::path& data_dir, const std::string& socket) {
  http::HostOptions options = HostOptionsOf(session.config);
  options.data_dir = data_dir;
  options.storage.owner_socket = socket;
  options.on_open = [this](const std::string& collection) {
    if (cleaner_) cleaner_->Add(collection);
  };
  SL_ASSIGN_OR_RETURN(options.encoder, LoadModel(session, hosting_.model_dir));
  SL_ASSIGN_OR_RETURN(host_, http::Host::Open(std::move(options)));
  hosting_.host = host_.get();
  hosting_.precision = session.config.data.precision;
  hosting_.threads = MakeThreadBudget(session.globals.threads, 0).total;
  return {};
}

Status Service::OpenAccess(const Config& config, const std::filesystem::path& data_dir) {
  SL_ASSIGN_OR_RETURN(keys_, http::KeyRing::Open(http::KeyFilePath(data_dir)));
  const std::vector<std::filesystem::path> roots(config.media.roots.begin(), config.media.roots.end());
  SL_ASSIGN_OR_RETURN(roots_, http::PathRoots::Make(roots));
  SL_ASSIGN_OR_RETURN(fetcher_, http::ImageFetcher::Make(FetcherOptionsOf(config)));
  SL_ASSIGN_OR_RETURN(media_, http::MediaStore::Open(storage::UploadFolder(data_dir)));
  SL_ASSIGN_OR_RETURN(const auto names, host_->Names());
  SL_RETURN_IF_ERROR(media_->FinishDrops(names));
  cleaner_ = std::make_unique<http::UploadCleaner>(*host_, *media_);
  hosting_.media = media_.get();
  jobs_ = std::make_unique<http::JobService>();
  return {};
}

http::Router Service::MakeRouter(const Session& session) {
  const auto body_bytes = static_cast<size_t>(session.config.server.max_body_mb) * 1'000'000;
  http::Router router;
  // The host is open, with its model, before anything is listened to.
  http::AddProbeRoutes(router, *pool_, *metrics_, {.ready = [] { return Status(); }});
  http::AddPageRoutes(router);
  http::AddOpenApiRoute(router);
  http::AddSearchRoute(router, {.host = *host_,
                                .pool = *pool_,
                                .fetcher = *fetcher_,
                                .max_body_bytes = body_bytes,
                                .on_answer = http::CountSearches(*metrics_)});
  const http::Api api = {.host = *host_,
                         .pool = *pool_,
                         .jobs = *jobs_,
                         .media = *media_,
                         .roots = roots_,
                         .indexing = {.decode_threads = MakeThreadBudget(session.globals.threads, 0).decode},
                         .max_upload_bytes = body_bytes};
  http::AddCollectionRoutes(router, api);
  http::AddItemRoutes(router, api);
  http::AddJobRoutes(router, api);
  http::AddMediaRoutes(router, api);
  const http::CompatApi compat = {.host = *host_, .pool = *pool_, .fetcher = *fetcher_, .max_body_bytes = body_bytes};
  http::AddEmbeddingsRoute(router, compat);
  http::AddRerankRoutes(router, compat);
  http::AddKnnRoutes(router, compat);
  return router;
}

Status Service::OpenServer(const Session& session) {
  const Config& config = session.config;
  pool_ = std::make_unique<http::TaskPool>(static_cast<size_t>(config.server.workers), kQueuedTasks);
  metrics_ = std::make_unique<MetricsRegistry>();
  http::ShowHost(*metrics_, *host_);
  http::ShowJobs(*metrics_, *host_, *jobs_);
  SL_ASSIGN_OR_RETURN(http::ServerOptions options, ServerOptionsOf(config));
  SL_RETURN_IF_ERROR(http::CheckListenHosts(HostsOf(options.listen), keys_->required(), config.server.insecure));
  is_tls_ = !options.tls_certificate.empty();
  const http::AuthenticatorOptions access = {
      .local_only = std::all_of(options.listen.begin(), options.listen.end(),
                                [](const http::ListenAddress& address) { return address.IsLoopback(); }),
      // Whoever reaches a proxy of this name would be the owner, so it takes somebody who insists.
      .host_names = config.server.insecure ? options.host_names : std::vector<std::string>(),
      .cors_origins = options.cors_origins};
  options.on_finished = [count = http::CountRequests(*metrics_)](const http::RequestRecord& record) {
    count(record);
    http::LogRequest(record);
  };
  SL_ASSIGN_OR_RETURN(
      server_, http::Server::Open(std::move(options), MakeRouter(session), http::KeyAuthenticator(keys_, access)));
  http::ShowServer(*metrics_, *server_);
  return {};
}

Status Service::OpenCommands(const std::string& socket) {
  const auto run = [this](const std::vector<std::string>& arguments, Session& session) {
    session.hosting = &hosting_;
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    return RunCommandLine(static_cast<int>(argv.size()), argv.data(), session);
  };
  auto commands = CommandServer::Open({.socket = socket, .run = run});
  if (!commands) {
    // Some file systems have no sockets. Whoever works with the data folder is then told that a server has it.
    Log(LogLevel::kWarning, "no command line can work through this server: " + commands.error().message);
    return {};
  }
  commands_ = *std::move(commands);
  return {};
}

std::vector<std::string> Service::Addresses() const {
  std::vector<std::string> addresses;
  for (const http::ListenAddress& address : server_->addresses()) {
    addresses.push_back(fmt::format("{}://{}", is_tls_ ? "https" : "http", address.Text()));
  }
  return addresses;
}

// What the workers do for a client that has gone may still look at the server (/metrics), and the server's connections
// hand work to them until it has stopped. So it stops first, and is destroyed when they have ended.
Service::~Service() {
  commands_.reset();
  if (server_) server_->Stop(std::chrono::milliseconds(0));
  pool_.reset();
}

bool Service::Stop(std::chrono::milliseconds grace) {
  jobs_->RequestStop();
  server_->Stop(grace);
  return !commands_ || commands_->Stop(grace);
}

}  // namespace sightline::app
