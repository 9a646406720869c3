// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/server.h"

namespace sightline::testing {

struct ClientResponse {
  int status = 0;
  http::Headers headers{};
  std::string body{};
};

/// A small blocking HTTP/1.1 client over one connection to 127.0.0.1. Every wait ends after 20 s. Not thread-safe.
class HttpClient {
 public:
  /// Connects; a failure fails the test and everything after it.
  explicit HttpClient(uint16_t port);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Sends bytes as they are. False when the server has closed.
  bool Send(std::string_view bytes);
  /// The next answer; `has_body` is off for answers to HEAD. Absent when the connection ends or is broken before.
  std::optional<ClientResponse> Read(bool has_body = true);
  /// One request and its answer; without an answer the test fails and the status is 0.
  ClientResponse Call(http::Method method, std::string_view target, std::string_view body = {},
                      const http::Headers& headers = {});
  ClientResponse Get(std::string_view target, const http::Headers& headers = {}) {
    return Call(http::Method::kGet, target, {}, headers);
  }
  /// POST of application/json.
  ClientResponse PostJson(std::string_view target, std::string_view body, http::Headers headers = {});

  void CloseSending();
  /// Closes; with `reset` so that the server sees a reset.
  void Close(bool reset = false);
  /// Waits until the server has closed; false when it sends something or 20 s pass.
  bool IsClosedByServer();

 private:
  bool Receive();

  int socket_ = -1;
  std::string received_;
};

/// Sends `request` over a new connection, to a server that waits for little time: once more where this machine was too
/// slow to ask. @return the connection and the answer; without an answer the test fails and the status is 0.
std::pair<std::unique_ptr<HttpClient>, ClientResponse> AskImpatient(uint16_t port, std::string_view request);

/// A request as HttpClient::Call sends it.
std::string RequestText(http::Method method, std::string_view target, std::string_view body,
                        const http::Headers& headers);

/// A server on a free port of 127.0.0.1; fails the test when it does not start.
std::unique_ptr<http::Server> StartServer(http::Router router, http::ServerOptions options = {},
                                          http::Authenticator authenticate = http::NoKeys());

}  // namespace sightline::testing
