// SPDX-License-Identifier: BSD-3-Clause
#include "http/server.h"

#include <time.h>

#include <array>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/guard.h"
#include "base/log.h"
#include "http/connection_internal.h"
#include "http/server_state_internal.h"
#include "http/stream_internal.h"

namespace sightline::http {
namespace {

using asio::ip::tcp;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kSweep{100};
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr int kBacklog = 1024;
constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// "Thu, 26 Nov 2026 15:30:00 GMT", whatever the locale.
std::string DateNow() {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t now = ::time(nullptr);
  tm utc = {};
  ::gmtime_r(&now, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays.at(static_cast<size_t>(utc.tm_wday)), utc.tm_mday,
                     kMonths.at(static_cast<size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                     utc.tm_sec);
}

Result<tcp::acceptor> Listen(asio::io_context& context, const ListenAddress& address) {
  const auto refuse = [&address](const boost::system::error_code& error) {
    return Fail(ErrorCode::kUnavailable, fmt::format("cannot listen on {}: {}", address.Text(), error.message()));
  };
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(address.host, error);
  if (error) return refuse(error);
  const tcp::endpoint endpoint(ip, address.port);
  tcp::acceptor acceptor(context);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && ip.is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) return refuse(error);
  return acceptor;
}

class TcpServer : public Server {
 public:
  TcpServer(ServerOptions options, Router router, Authenticator authenticate)
      : state_(std::move(options), std::move(router), std::move(authenticate)) {
    for (size_t i = 0; i < state_.options.io_threads; ++i) io_.push_back(std::make_unique<IoThread>());
  }

  ~TcpServer() override { Stop(std::chrono::milliseconds(0)); }

  Status Start() {
    if (!state_.options.tls_certificate.empty()) {
      SL_ASSIGN_OR_RETURN(tls_, MakeTlsContext(state_.options.tls_certificate, state_.options.tls_key));
    }
    for (const ListenAddress& address : state_.options.listen) {
      SL_ASSIGN_OR_RETURN(tcp::acceptor acceptor, Listen(io_.front()->context, address));
      addresses_.push_back({address.host, acceptor.local_endpoint().port()});
      acceptors_.push_back(std::move(acceptor));
    }
    for (tcp::acceptor& acceptor : acceptors_) {
      asio::co_spawn(io_.front()->context, Accept(acceptor), asio::detached);
    }
    for (const auto& io : io_) {
      io->date = DateNow();
      asio::co_spawn(io->context, Sweep(*io), asio::detached);
      threads_.emplace_back([&context = io->context] { context.run(); });
    }
    return {};
  }

  std::vector<ListenAddress> addresses() const override { return addresses_; }
  const Router& router() const override { return state_.router; }
  size_t open_connections() const override { return state_.open_connections; }
  size_t requests_in_flight() const override { return state_.requests_in_flight; }

  void Stop(std::chrono::milliseconds grace) override {
    std::lock_guard lock(stop_mutex_);
    if (threads_.empty()) return;
    state_.stopping = true;
    asio::post(io_.front()->context, [this] {
      boost::system::error_code ignored;
      for (tcp::acceptor& acceptor : acceptors_) acceptor.close(ignored);
    });
    ForEachConnection([](Connection& connection) { connection.Drain(); });
    const auto deadline = std::chrono::steady_clock::now() + grace;
    while (state_.open_connections > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ForEachConnection([](Connection& connection) { connection.Abort(); });
    for (std::jthread& thread : threads_) thread.join();  // The sweepers end with the last connection.
    threads_.clear();
  }

 private:
  /// Runs `action` on the connections of every I/O thread, there; from now on they are draining.
  void ForEachConnection(void (*action)(Connection&)) {
    for (const auto& io : io_) {
      asio::post(io->context, [&io = *io, action] {
        io.draining = true;
        for (Connection* connection : io.connections) action(*connection);
      });
    }
  }

  asio::awaitable<void> Accept(tcp::acceptor& acceptor) {
    while (acceptor.is_open()) {
      IoThread& io = *io_[next_io_++ % io_.size()];
      auto [error, socket] = co_await acceptor.async_accept(io.context, kAwait);
      if (!error) {
        Admit(io, std::move(socket));
      } else if (error != asio::error::operation_aborted && error != asio::error::connection_aborted) {
        // Out of descriptors, most likely: it helps to wait until some connection ends.
        Log(LogLevel::kWarning, fmt::format("cannot accept a connection: {}", error.message()));
        asio::steady_timer pause(io_.front()->context, kAcceptPause);
        co_await pause.async_wait(kAwait);
      }
    }
  }

  /// Begins to serve a connection on the thread of `io`.
  void Admit(IoThread& io, tcp::socket socket) {
    boost::system::error_code error;
    const auto remote = socket.remote_endpoint(error);
    if (error) return;  // It has gone.
    if (state_.open_connections >= state_.options.max_connections) {
      if (!tls_) socket.write_some(asio::buffer(kTooManyConnections), error);  // Fits an empty socket's buffer.
      return;
    }
    ++state_.open_connections;
    socket.set_option(tcp::no_delay(true), error);
    auto stream = tls_ ? TlsStream(std::move(socket), *tls_) : PlainStream(std::move(socket));
    asio::post(io.context, [this, &io, stream = std::move(stream), from = remote.address().to_string()]() mutable {
      if (io.draining) {
        --state_.open_connections;
        return;
      }
      auto connection = std::make_shared<Connection>(state_, io, std::move(stream), std::move(from));
      asio::co_spawn(io.context, connection->Run(), [connection](const std::exception_ptr&) {});
    });
  }

  asio::awaitable<void> Sweep(IoThread& io) {
    asio::steady_timer timer(io.context);
    while (!io.draining || !io.connections.empty()) {
      timer.expires_after(kSweep);
      co_await timer.async_wait(kAwait);
      io.date = DateNow();
      const auto now = std::chrono::steady_clock::now();
      for (Connection* connection : io.connections) connection->CheckDeadline(now);
    }
  }

  ServerState state_;
  std::shared_ptr<asio::ssl::context> tls_;
  std::vector<std::unique_ptr<IoThread>> io_;
  std::vector<tcp::acceptor> acceptors_;
  std::vector<ListenAddress> addresses_;
  size_t next_io_ = 0;
  std::mutex stop_mutex_;
  std::vector<std::jthread> threads_;
};

Status CheckOptions(const ServerOptions& options) {
  if (options.listen.empty()) return Fail(ErrorCode::kInvalidArgument, "no address to listen on");
  if (options.io_threads == 0) return Fail(ErrorCode::kInvalidArgument, "at least one I/O thread is needed");
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "TLS takes both a certificate and a key");
  }
  return {};
}

}  // namespace

Authenticator NoKeys() {
  return [](const Request&) { return Principal(); };
}

Result<std::unique_ptr<Server>> Server::Open(ServerOptions options, Router router, Authenticator authenticate) {
  SL_RETURN_IF_ERROR(CheckOptions(options));
  return Guard("start the server", [&]() -> Result<std::unique_ptr<Server>> {
    auto server = std::make_unique<TcpServer>(std::move(options), std::move(router), std::move(authenticate));
    SL_RETURN_IF_ERROR(server->Start());
    return server;
  });
}

}  // namespace sightline::http
