// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/listen_address.h"
#include "http/message.h"
#include "http/problem.h"
#include "http/router.h"

namespace sightline::http {

/// Finds out who asks, from the head of a request; the body has not been read. Called on an I/O thread: it must not
/// block. An Error is answered 401, except those of our side (kInternal, kUnavailable, kResourceExhausted); a Problem
/// with a status of its own, as 403, is answered as it is. Thread-safe.
using Authenticator = std::function<ProblemOr<Principal>(const Request&)>;

/// An authenticator for a server without keys: everyone may do everything.
Authenticator NoKeys();

/// One request that is over, for logs and metrics. Views live for the call.
struct RequestRecord {
  std::string_view id;
  std::string_view method;     ///< As sent; empty when there was no readable request line.
  std::string_view path;       ///< As sent, without the query.
  std::string_view operation;  ///< Of the route; "none" where there is none.
  std::string_view principal;  ///< Empty: not known.
  std::string_view remote_address;
  int status = 0;
  bool client_gone = false;               ///< The answer was not taken.
  uint64_t request_bytes = 0;             ///< Of the body.
  uint64_t response_bytes = 0;            ///< Of the body, as sent.
  std::chrono::microseconds duration{0};  ///< From the complete head to the end of the answer.
};

struct ServerTimeouts {
  std::chrono::milliseconds head{10'000};      ///< For the whole head of a request, from its first byte on.
  std::chrono::milliseconds stall{20'000};     ///< For every 16 kB of a body, in either direction.
  std::chrono::milliseconds idle{75'000};      ///< Between requests.
  std::chrono::milliseconds request{5'000};    ///< Deadline of a request that names none.
  std::chrono::milliseconds longest{300'000};  ///< What X-Request-Timeout may ask for.
  std::chrono::milliseconds linger{2'000};  ///< What a client may still send after an answer that ends the connection.
  /// After its deadline a request that no handler has answered is answered 503.
  std::chrono::milliseconds overrun{1'000};
};

struct ServerOptions {
  std::vector<ListenAddress> listen = {{"127.0.0.1", 8080}};
  std::filesystem::path tls_certificate{};  ///< PEM, the chain; with `tls_key`: HTTPS on all addresses.
  std::filesystem::path tls_key{};
  size_t io_threads = 2;
  size_t max_header_bytes = 16 * 1024;
  size_t max_connections = 1024;          ///< More are answered 503 and closed.
  uint64_t max_body_memory = 512u << 20;  ///< Of the bodies of all requests that are there; more are answered 503.
  /// Origins of pages elsewhere that may call: "https://example.org"; "*": all.
  std::vector<std::string> cors_origins{};
  /// Names under which the server is reached, besides IP addresses and localhost. Empty: any. See Note [Host names].
  std::vector<std::string> host_names{};
  ServerTimeouts timeouts{};
  /// Called once for every request, on I/O threads.
  std::function<void(const RequestRecord&)> on_finished{};
};

/// HTTP/1.1 over TCP or TLS: keep-alive, pipelining, timeouts and limits on everything a client sends. Reads requests
/// on its I/O threads, hands them to the handlers of a Router and writes what they reply. Thread-safe.
class Server {
 public:
  /// Listens when it returns. Errors: kInvalidArgument (certificate, key, no address), kUnavailable (an address is
  /// taken or not ours).
  static Result<std::unique_ptr<Server>> Open(ServerOptions options, Router router, Authenticator authenticate);

  virtual ~Server() = default;

  /// The addresses with the ports that were chosen.
  virtual std::vector<ListenAddress> addresses() const = 0;
  uint16_t port() const { return addresses().front().port; }

  virtual const Router& router() const = 0;
  virtual size_t open_connections() const = 0;
  /// Requests that handlers have and have not answered.
  virtual size_t requests_in_flight() const = 0;

  /// Ends in order: listens no more, closes idle connections, lets requests in flight be answered for `grace`, then
  /// fires their stop tokens and closes. Blocks until the I/O threads have ended. Idempotent; the destructor calls it
  /// with no grace. Handlers may be called until it returns.
  virtual void Stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace sightline::http
