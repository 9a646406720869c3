// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/answer_plan.h"
#include "http/reply_slot_internal.h"
#include "http/request_head_internal.h"
#include "http/server_state_internal.h"
#include "http/stream_internal.h"

namespace sightline::http {

/// What renews the deadline of a body, in either direction.
constexpr size_t kProgressBytes = 16 * 1024;

/// An interim answer.
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// One client's connection: reads requests one after the other, has them answered and writes the answers in order, so
/// what is pipelined waits in the socket. Confined to its I/O thread.
///
/// Note [Deadlines of connections]: before every wait for the client the connection sets `deadline_`; a sweeper looks
/// at all connections of its thread ten times a second and cancels the sockets of those that are late. That costs a
/// store where a timer would cost two system calls' worth of work, and it bounds whole heads and bodies: a byte now and
/// then does not renew it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ServerState& state, IoThread& io, std::unique_ptr<Stream> stream, std::string remote_address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Serves until either side ends. Keeps the connection alive.
  asio::awaitable<void> Run();

  /// Called by the sweeper: ends the wait for the client when it is over.
  void CheckDeadline(std::chrono::steady_clock::time_point now);
  /// Ends after the request that is in work; an idle connection at once.
  void Drain();
  /// Ends now: fires the stop token of the request in work.
  void Abort();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Clock = std::chrono::steady_clock;

  /// One request on its way.
  struct Exchange {
    RequestHead head;
    Clock::time_point started = Clock::now();
    bool keep_alive = false;
    bool body_unread = false;  ///< Answered before the whole body came: nothing can follow on this connection.
    uint64_t request_bytes = 0;
    uint64_t response_bytes = 0;
    int status = 0;
    bool client_gone = false;
  };

  asio::awaitable<bool> ServeOne();
  /// Nothing: a head is there. A problem: it is malformed or late. `closed_` is set when the client has gone in
  /// between.
  asio::awaitable<std::optional<Problem>> ReceiveHead();
  asio::awaitable<std::optional<Problem>> ReceiveBody(Exchange& exchange);
  std::optional<Problem> Admit(Exchange& exchange) const;
  asio::awaitable<Response> Handle(Exchange& exchange);
  asio::awaitable<Response> WaitForReply(const std::shared_ptr<ReplySlot>& slot, const Exchange& exchange);
  asio::awaitable<bool> Send(Exchange& exchange, Response response);
  asio::awaitable<bool> SendContent(ContentReader& content, ByteRange range);
  asio::awaitable<bool> SendAll(std::string_view head, std::string_view body);
  asio::awaitable<void> Linger();
  /// Reads once into the buffer; false at the end of the stream, on errors and at the deadline.
  asio::awaitable<bool> ReadMore();
  void Finish(const Exchange& exchange) const;

  void SetDeadline(std::chrono::milliseconds from_now);
  /// Finds out whether the client has gone (Note [Clients that go away]); then `closed_` is set.
  asio::awaitable<void> LookForClient();

  ServerState& state_;
  IoThread& io_;
  const std::unique_ptr<Stream> stream_;
  const std::string remote_address_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  asio::steady_timer answered_;      ///< Cancelled when a reply is there.
  std::shared_ptr<ReplySlot> slot_;  ///< Of the request that a handler has.
  std::stop_source stop_{std::nostopstate};
  Clock::time_point deadline_ = Clock::time_point::max();
  bool timed_out_ = false;
  bool idle_ = false;    ///< Waits for the first byte of a request.
  bool closed_ = false;  ///< The client has closed its side, or the connection is broken.
  bool aborted_ = false;
  bool asked_to_wait_ = false;  ///< An interim answer was sent to find out whether the client is there.
};

}  // namespace sightline::http
