// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/command_server.h"
#include "app/session.h"
#include "base/metrics.h"
#include "base/result.h"
#include "http/host.h"
#include "http/image_fetcher.h"
#include "http/job_service.h"
#include "http/key_ring.h"
#include "http/media_store.h"
#include "http/path_roots.h"
#include "http/router.h"
#include "http/server.h"
#include "http/task_pool.h"
#include "http/upload_cleaning.h"
#include "storage/lock_file.h"

namespace sightline::app {

/// A data folder as a service: HTTP for programs and people, and a local socket for command lines, which work through
/// it while it has the folder. Confined to one thread.
class Service {
 public:
  /// Loads the model, takes the data folder, which it makes when it does not exist, and listens. Without a model of its
  /// own beside the program, and none in the settings, it serves collections of raw vectors.
  /// Errors: kFailedPrecondition (another server has the data folder; listening where others can reach it without
  /// keys), those of ResolveDataDir, OpenEncoder, Host::Open and Server::Open.
  static Result<std::unique_ptr<Service>> Open(const Session& session);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// "http://127.0.0.1:8080", ...
  std::vector<std::string> Addresses() const;

  /// Listens no more, and lets requests and commands end.
  /// @return whether all commands have ended. Otherwise the service cannot be destroyed in order: one of them writes
  /// to somebody who does not read.
  bool Stop(std::chrono::milliseconds grace);

 private:
  explicit Service(storage::FolderLock lock) : lock_(std::move(lock)) {}
  Status OpenHost(const Session& session, const std::filesystem::path& data_dir, const std::string& socket);
  Status OpenAccess(const Config& config, const std::filesystem::path& data_dir);
  Status OpenServer(const Session& session);
  Status OpenCommands(const std::string& socket);
  http::Router MakeRouter(const Session& session);

  // In the order in which they are needed: what is destroyed first comes last.
  storage::FolderLock lock_;
  std::unique_ptr<MetricsRegistry> metrics_;
  std::unique_ptr<http::Host> host_;
  Hosting hosting_;
  std::shared_ptr<http::KeyRing> keys_;
  http::PathRoots roots_;
  std::unique_ptr<http::ImageFetcher> fetcher_;
  std::unique_ptr<http::MediaStore> media_;
  std::unique_ptr<http::UploadCleaner> cleaner_;
  std::unique_ptr<http::JobService> jobs_;
  std::unique_ptr<http::TaskPool> pool_;
  bool is_tls_ = false;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<CommandServer> commands_;
};

}  // namespace sightline::app
