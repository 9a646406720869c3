// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "http/server.h"

namespace sightline::http {

namespace asio = boost::asio;

class Connection;

/// Memory for the bodies of requests that come or are in work, of the whole server. Thread-safe.
class BodyBudget {
 public:
  explicit BodyBudget(uint64_t bytes) : left_(static_cast<int64_t>(bytes)) {}

  /// What one body has taken; gives it back at its end, which may be after that of the server.
  class Lease {
   public:
    explicit Lease(std::shared_ptr<BodyBudget> budget) : budget_(std::move(budget)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { budget_->left_ += taken_; }

    /// Takes as much as a body of `bytes` needs. False when that is not left.
    bool GrowTo(uint64_t bytes) {
      const int64_t more = static_cast<int64_t>(bytes) - taken_;
      if (more <= 0) return true;
      if (budget_->left_.fetch_sub(more) < more) {
        budget_->left_ += more;
        return false;
      }
      taken_ += more;
      return true;
    }

   private:
    const std::shared_ptr<BodyBudget> budget_;
    int64_t taken_ = 0;
  };

 private:
  std::atomic<int64_t> left_;
};

/// One I/O thread: everything in it is used by that thread alone, once it runs.
struct IoThread {
  asio::io_context context{1};
  std::unordered_set<Connection*> connections;
  std::string date;       ///< Of now, as the Date field has it; kept by the sweeper.
  bool draining = false;  ///< The server ends: every connection closes after the request that it has.
};

/// What the connections of one server share. Immutable but for the counters.
struct ServerState {
  ServerState(ServerOptions the_options, Router the_router, Authenticator the_authenticate)
      : options(std::move(the_options)),
        router(std::move(the_router)),
        authenticate(std::move(the_authenticate)),
        bodies(std::make_shared<BodyBudget>(options.max_body_memory)) {}

  const ServerOptions options;
  const Router router;
  const Authenticator authenticate;
  const std::shared_ptr<BodyBudget> bodies;
  std::atomic<bool> stopping = false;  ///< Set before any I/O thread drains: no answer promises another.
  std::atomic<size_t> open_connections = 0;
  std::atomic<size_t> requests_in_flight = 0;
  /// Reads files and compresses answers, so that I/O threads do neither.
  asio::thread_pool helpers{2};
};

}  // namespace sightline::http
