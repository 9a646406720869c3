// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/result.h"
#include "http/server.h"

namespace boost::asio::ssl {
class context;
}  // namespace boost::asio::ssl

namespace sightline::http {

namespace asio = boost::asio;

/// What an operation on a stream came to.
struct IoResult {
  boost::system::error_code error;
  size_t bytes = 0;
};

/// A connection's bytes, plain or under TLS. Confined to the executor of its socket. Operations are ended by cancelling
/// the socket.
class Stream {
 public:
  virtual ~Stream() = default;

  virtual asio::awaitable<IoResult> Handshake() = 0;
  virtual asio::awaitable<IoResult> Read(asio::mutable_buffer into) = 0;
  /// Some of `bytes`, at least one.
  virtual asio::awaitable<IoResult> WriteSome(std::span<const asio::const_buffer> bytes) = 0;
  /// Says that nothing more is sent.
  virtual asio::awaitable<void> CloseSending() = 0;
  virtual asio::ip::tcp::socket& socket() = 0;
};

std::unique_ptr<Stream> PlainStream(asio::ip::tcp::socket socket);
/// `context` must outlive the stream.
std::unique_ptr<Stream> TlsStream(asio::ip::tcp::socket socket, asio::ssl::context& context);

/// Reads certificate and key. TLS 1.2 and newer. Errors: kInvalidArgument (a file that cannot be read or is none; a key
/// that is not the certificate's).
Result<std::shared_ptr<asio::ssl::context>> MakeTlsContext(const std::filesystem::path& certificate,
                                                           const std::filesystem::path& key);

}  // namespace sightline::http
