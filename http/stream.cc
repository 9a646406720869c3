// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/stream_internal.h"

namespace sightline::http {
namespace {

namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

class Plain : public Stream {
 public:
  explicit Plain(tcp::socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<IoResult> Handshake() override { co_return IoResult{}; }

  asio::awaitable<IoResult> Read(asio::mutable_buffer into) override {
    auto [error, bytes] = co_await socket_.async_read_some(into, kAwait);
    co_return IoResult{error, bytes};
  }

  asio::awaitable<IoResult> WriteSome(std::span<const asio::const_buffer> buffers) override {
    auto [error, bytes] = co_await socket_.async_write_some(buffers, kAwait);
    co_return IoResult{error, bytes};
  }

  asio::awaitable<void> CloseSending() override {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    co_return;
  }

  tcp::socket& socket() override { return socket_; }

 private:
  tcp::socket socket_;
};

class Tls : public Stream {
 public:
  Tls(tcp::socket socket, ssl::context& context) : stream_(std::move(socket), context) {}

  asio::awaitable<IoResult> Handshake() override {
    auto [error] = co_await stream_.async_handshake(ssl::stream_base::server, kAwait);
    co_return IoResult{error, 0};
  }

  asio::awaitable<IoResult> Read(asio::mutable_buffer into) override {
    auto [error, bytes] = co_await stream_.async_read_some(into, kAwait);
    co_return IoResult{error, bytes};
  }

  asio::awaitable<IoResult> WriteSome(std::span<const asio::const_buffer> buffers) override {
    auto [error, bytes] = co_await stream_.async_write_some(buffers, kAwait);
    co_return IoResult{error, bytes};
  }

  asio::awaitable<void> CloseSending() override {
    // The client's close_notify is not waited for longer than the connection's deadline.
    [[maybe_unused]] auto [error] = co_await stream_.async_shutdown(kAwait);
    boost::system::error_code ignored;
    socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  tcp::socket& socket() override { return stream_.next_layer(); }

 private:
  ssl::stream<tcp::socket> stream_;
};

tl::unexpected<Error> Refuse(std::string_view what, const std::filesystem::path& path, const std::string& why) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("{} {}: {}", what, path.string(), why));
}

}  // namespace

std::unique_ptr<Stream> PlainStream(tcp::socket socket) { return std::make_unique<Plain>(std::move(socket)); }

std::unique_ptr<Stream> TlsStream(tcp::socket socket, ssl::context& context) {
  return std::make_unique<Tls>(std::move(socket), context);
}

Result<std::shared_ptr<ssl::context>> MakeTlsContext(const std::filesystem::path& certificate,
                                                     const std::filesystem::path& key) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code error;
  context->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                           ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1 | ssl::context::no_compression,
                       error);
  if (error) return Fail(ErrorCode::kInternal, fmt::format("TLS options: {}", error.message()));
  context->use_certificate_chain_file(certificate.string(), error);
  if (error) return Refuse("TLS certificate", certificate, error.message());
  context->use_private_key_file(key.string(), ssl::context::pem, error);
  if (error) return Refuse("TLS key", key, error.message());
  return context;
}

}  // namespace sightline::http
