// SPDX-License-Identifier: BSD-3-Clause
// How many small requests a second the server answers, against a bare Beast server in the same run.
//
//   http_bench [--seconds 2] [--rounds 5] [--connections 32] [--threads 2]
//
// The bare server reads with Beast's own operations, looks at nothing and writes one fixed answer: no timeouts, no
// router, no limits. Both are loaded by the same two threads over the same number of connections, in turns; the figure
// is the ratio of the medians.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "base/metrics.h"
#include "http/probe_routes.h"
#include "http/request_records.h"
#include "http/server.h"
#include "http/task_pool.h"

namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

/// The bare server: one context per thread, as ours.
class BareServer {
 public:
  explicit BareServer(size_t threads) {
    for (size_t i = 0; i < threads; ++i) contexts_.push_back(std::make_unique<asio::io_context>(1));
    acceptor_ = std::make_unique<tcp::acceptor>(*contexts_.front(), tcp::endpoint(tcp::v4(), 0));
    asio::co_spawn(*contexts_.front(), Accept(), asio::detached);
    for (const auto& context : contexts_) {
      guards_.push_back(asio::make_work_guard(*context));
      threads_.emplace_back([&context = *context] { context.run(); });
    }
  }
  ~BareServer() {
    for (const auto& context : contexts_) context->stop();
  }

  uint16_t port() const { return acceptor_->local_endpoint().port(); }

 private:
  asio::awaitable<void> Accept() {
    for (size_t next = 0;; ++next) {
      asio::io_context& context = *contexts_[next % contexts_.size()];
      auto [error, socket] = co_await acceptor_->async_accept(context, kAwait);
      if (error) co_return;
      socket.set_option(tcp::no_delay(true));
      asio::co_spawn(context, Serve(boost::beast::tcp_stream(std::move(socket))), asio::detached);
    }
  }

  static asio::awaitable<void> Serve(boost::beast::tcp_stream stream) {
    boost::beast::flat_buffer buffer;
    for (;;) {
      beast_http::request<beast_http::string_body> request;
      auto [read_error, read] = co_await beast_http::async_read(stream, buffer, request, kAwait);
      if (read_error) co_return;
      beast_http::response<beast_http::string_body> response(beast_http::status::ok, request.version());
      response.set(beast_http::field::content_type, "application/json");
      response.keep_alive(request.keep_alive());
      response.body() = R"({"status":"ok"})";
      response.prepare_payload();
      auto [write_error, written] = co_await beast_http::async_write(stream, response, kAwait);
      if (write_error) co_return;
    }
  }

  std::vector<std::unique_ptr<asio::io_context>> contexts_;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards_;
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::vector<std::jthread> threads_;
};

int Connect(uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) std::exit(4);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return socket;
}

/// Sends a request on each of `count` connections, then reads all answers, again and again. Counts the answers.
size_t Load(uint16_t port, size_t count, Clock::time_point end) {
  constexpr std::string_view kRequest = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  std::vector<int> sockets;
  for (size_t i = 0; i < count; ++i) sockets.push_back(Connect(port));
  size_t answers = 0;
  std::array<char, 4096> block;
  while (Clock::now() < end) {
    for (const int socket : sockets) {
      if (::send(socket, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) != std::ssize(kRequest)) std::exit(4);
    }
    for (const int socket : sockets) {
      const ssize_t got = ::recv(socket, block.data(), block.size(), 0);
      if (got <= 0 || !std::string_view(block.data(), static_cast<size_t>(got)).ends_with("{\"status\":\"ok\"}"))
        std::exit(4);
      ++answers;
    }
  }
  for (const int socket : sockets) ::close(socket);
  return answers;
}

double RequestsPerSecond(uint16_t port, size_t connections, double seconds) {
  constexpr size_t kLoaders = 2;
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::atomic<size_t> answers = 0;
  {
    std::vector<std::jthread> loaders;
    for (size_t i = 0; i < kLoaders; ++i) {
      loaders.emplace_back([&] { answers += Load(port, connections / kLoaders, end); });
    }
  }
  return static_cast<double>(answers) / std::chrono::duration<double>(Clock::now() - begin).count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 2;
  size_t rounds = 5;
  size_t connections = 32;
  size_t threads = 2;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--seconds") seconds = std::stod(argv[i + 1]);
    if (flag == "--rounds") rounds = std::stoul(argv[i + 1]);
    if (flag == "--connections") connections = std::stoul(argv[i + 1]);
    if (flag == "--threads") threads = std::stoul(argv[i + 1]);
  }
  namespace http = sightline::http;
  sightline::MetricsRegistry registry;
  http::TaskPool pool(1, 16);
  http::Router router;
  http::AddProbeRoutes(router, pool, registry, {});
  auto server = http::Server::Open(
      {.listen = {{"127.0.0.1", 0}}, .io_threads = threads, .on_finished = http::CountRequests(registry)},
      std::move(router), http::NoKeys());
  if (!server) {
    fmt::print(stderr, "{}\n", server.error().message);
    return 4;
  }
  const BareServer bare(threads);
  std::vector<double> ours;
  std::vector<double> theirs;
  for (size_t round = 0; round < rounds; ++round) {
    theirs.push_back(RequestsPerSecond(bare.port(), connections, seconds));
    ours.push_back(RequestsPerSecond((*server)->port(), connections, seconds));
    fmt::print("round {}: bare Beast {:.0f}/s, sightline {:.0f}/s\n", round + 1, theirs.back(), ours.back());
  }
  fmt::print("median: bare Beast {:.0f}/s, sightline {:.0f}/s, ratio {:.2f} (wanted: 0.70)\n", Median(theirs),
             Median(ours), Median(ours) / Median(theirs));
  return 0;
}
