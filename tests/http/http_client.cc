// SPDX-License-Identifier: BSD-3-Clause
#include "tests/http/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/test_support.h"

namespace sightline::testing {
namespace {

constexpr timeval kLongestWait = {.tv_sec = 20, .tv_usec = 0};

/// The head up to the empty line, without it.
std::optional<ClientResponse> ParseHead(std::string_view head) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  ClientResponse out;
  if (!head.starts_with(kVersion)) return std::nullopt;
  std::from_chars(head.data() + kVersion.size(), head.data() + head.size(), out.status);
  size_t line = head.find("\r\n");
  while (line != std::string_view::npos) {
    const size_t begin = line + 2;
    line = head.find("\r\n", begin);
    const std::string_view field = head.substr(begin, line == std::string_view::npos ? line : line - begin);
    const size_t colon = field.find(": ");
    if (colon == std::string_view::npos) return std::nullopt;
    out.headers.Add(std::string(field.substr(0, colon)), std::string(field.substr(colon + 2)));
  }
  return out;
}

}  // namespace

HttpClient::HttpClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kLongestWait, sizeof(kLongestWait));
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &kLongestWait, sizeof(kLongestWait));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connected = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  EXPECT_EQ(connected, 0) << "connect: errno " << errno;
}

HttpClient::~HttpClient() { Close(); }

bool HttpClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool HttpClient::Receive() {
  std::array<char, 64 * 1024> block;
  const ssize_t got = ::recv(socket_, block.data(), block.size(), 0);
  if (got <= 0) return false;
  received_.append(block.data(), static_cast<size_t>(got));
  return true;
}

std::optional<ClientResponse> HttpClient::Read(bool has_body) {
  size_t end = received_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (!Receive()) return std::nullopt;
    end = received_.find("\r\n\r\n");
  }
  auto out = ParseHead(std::string_view(received_).substr(0, end));
  received_.erase(0, end + 4);
  if (!out) return std::nullopt;
  const std::string_view length = out->headers.Find("Content-Length").value_or("0");
  size_t size = 0;
  std::from_chars(length.data(), length.data() + length.size(), size);
  if (!has_body) return out;
  while (received_.size() < size) {
    if (!Receive()) return std::nullopt;
  }
  out->body = received_.substr(0, size);
  received_.erase(0, size);
  return out;
}

ClientResponse HttpClient::Call(http::Method method, std::string_view target, std::string_view body,
                                const http::Headers& headers) {
  EXPECT_TRUE(Send(RequestText(method, target, body, headers)));
  auto response = Read(method != http::Method::kHead);
  EXPECT_TRUE(response) << "no answer to " << http::NameOf(method) << " " << target;
  return std::move(response).value_or(ClientResponse());
}

ClientResponse HttpClient::PostJson(std::string_view target, std::string_view body, http::Headers headers) {
  headers.Set("Content-Type", "application/json");
  return Call(http::Method::kPost, target, body, headers);
}

void HttpClient::CloseSending() { ::shutdown(socket_, SHUT_WR); }

void HttpClient::Close(bool reset) {
  if (socket_ < 0) return;
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  if (reset) ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  ::close(std::exchange(socket_, -1));
}

bool HttpClient::IsClosedByServer() {
  char byte = 0;
  const ssize_t got = ::recv(socket_, &byte, 1, 0);
  return received_.empty() && (got == 0 || (got < 0 && errno == ECONNRESET));
}

std::pair<std::unique_ptr<HttpClient>, ClientResponse> AskImpatient(uint16_t port, std::string_view request) {
  constexpr int kAttempts = 20;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto client = std::make_unique<HttpClient>(port);
    if (!client->Send(request)) continue;
    if (auto response = client->Read()) return {std::move(client), *std::move(response)};
  }
  ADD_FAILURE() << "no answer to " << request;
  return {std::make_unique<HttpClient>(port), ClientResponse()};
}

std::string RequestText(http::Method method, std::string_view target, std::string_view body,
                        const http::Headers& headers) {
  std::string out = fmt::format("{} {} HTTP/1.1\r\n", http::NameOf(method), target);
  if (!headers.Find("Host")) out += "Host: 127.0.0.1\r\n";
  for (const auto& [name, value] : headers) out += fmt::format("{}: {}\r\n", name, value);
  const bool has_length = headers.Find("Content-Length") || headers.Find("Transfer-Encoding");
  const bool may_have_body = method != http::Method::kGet && method != http::Method::kHead;
  if (!has_length && (may_have_body || !body.empty())) out += fmt::format("Content-Length: {}\r\n", body.size());
  return fmt::format("{}\r\n{}", out, body);
}

std::unique_ptr<http::Server> StartServer(http::Router router, http::ServerOptions options,
                                          http::Authenticator authenticate) {
  options.listen = {{"127.0.0.1", 0}};
  auto server = http::Server::Open(std::move(options), std::move(router), std::move(authenticate));
  EXPECT_THAT(server, IsOk());
  return server ? *std::move(server) : nullptr;
}

}  // namespace sightline::testing
