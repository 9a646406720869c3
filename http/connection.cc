// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "http/accept.h"
#include "http/connection_internal.h"

namespace sightline::http {
namespace {

namespace beast_http = boost::beast::http;

constexpr size_t kReadBytes = 16 * 1024;
constexpr uint64_t kMostLingerBytes = 1 << 20;

Problem MalformedHead(const boost::system::error_code& error) {
  if (error == beast_http::error::header_limit) {
    return {431, "header_too_large", "the head of the request is too large"};
  }
  return {400, "bad_request", fmt::format("the request is malformed: {}", error.message())};
}

Problem TooLarge(uint64_t limit) {
  return {413, "too_large", fmt::format("the body is larger than the {} bytes that this path takes", limit)};
}

Problem TooMuchBesideChunks() {
  return {431, "header_too_large", "what stands beside the chunks of the body is too large"};
}

Problem Late(std::string_view what) {
  return {408, "request_timeout", fmt::format("the {} of the request did not come in time", what)};
}

Problem Unauthorised(const Problem& why) {
  if (why.status != 0) return why;
  const int status = StatusOf(why.error.code);
  if (IsServerFault(status) || status == 503) return why;
  Problem problem(401, "unauthorized", why.error.message);
  problem.headers.Set("WWW-Authenticate", "Bearer");
  return problem;
}

/// The body counts as long as anybody has the request: a handler may, longer than the connection waits for its answer.
std::shared_ptr<Request> WithLease(std::shared_ptr<Request> request, std::shared_ptr<BodyBudget::Lease> lease) {
  Request* const shared = request.get();
  return {shared, [request = std::move(request), lease = std::move(lease)](Request*) mutable {
            request.reset();
            lease.reset();
          }};
}

}  // namespace

Connection::Connection(ServerState& state, IoThread& io, std::unique_ptr<Stream> stream, std::string remote_address)
    : state_(state),
      io_(io),
      stream_(std::move(stream)),
      remote_address_(std::move(remote_address)),
      answered_(io.context) {
  io_.connections.insert(this);
}

Connection::~Connection() {
  if (slot_) slot_->Close();
  stop_.request_stop();
  io_.connections.erase(this);
  --state_.open_connections;
}

asio::awaitable<void> Connection::Run() {
  const auto self = shared_from_this();
  SetDeadline(state_.options.timeouts.head);
  const IoResult handshake = co_await stream_->Handshake();
  if (handshake.error) co_return;
  bool more = true;
  while (more) more = co_await ServeOne();
  parser_.reset();  // It may have a part of a body.
  if (!aborted_) co_await Linger();
}

asio::awaitable<bool> Connection::ServeOne() {
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(state_.options.max_header_bytes));
  parser_->body_limit(boost::none);  // Each route has its own; it is known once the head is.
  auto malformed = co_await ReceiveHead();
  if (closed_ || aborted_) co_return false;
  Exchange exchange;
  if (malformed) {
    exchange.head.request = std::make_shared<Request>();
    exchange.head.request->id = MakeRequestId();
    exchange.head.request->remote_address = remote_address_;
    exchange.body_unread = true;
    co_await Send(exchange, ProblemResponse(*exchange.head.request, *malformed));
    co_return false;
  }
  exchange.head = ReadHead(parser_->get().base(), state_.router, state_.options, remote_address_);
  exchange.keep_alive = parser_->get().keep_alive();
  auto problem = Admit(exchange);
  exchange.body_unread = !parser_->is_done() || !exchange.head.is_framed;
  if (!problem && exchange.body_unread) problem = co_await ReceiveBody(exchange);
  if (aborted_ || (closed_ && exchange.body_unread)) co_return false;
  if (problem) {
    co_return co_await Send(exchange, ProblemResponse(*exchange.head.request, *problem));
  }
  Response response = co_await Handle(exchange);
  if (aborted_) co_return false;
  co_return co_await Send(exchange, std::move(response));
}

asio::awaitable<std::optional<Problem>> Connection::ReceiveHead() {
  idle_ = buffer_.size() == 0;
  SetDeadline(idle_ ? state_.options.timeouts.idle : state_.options.timeouts.head);
  for (;;) {
    if (buffer_.size() > 0) {
      boost::system::error_code error;
      buffer_.consume(parser_->put(buffer_.data(), error));
      if (error && error != beast_http::error::need_more) co_return MalformedHead(error);
      if (parser_->is_header_done()) break;
    }
    if (idle_ && io_.draining) closed_ = true;
    const bool was_idle = idle_;
    const bool got = !closed_ && co_await ReadMore();
    idle_ = false;
    if (!got && timed_out_ && !was_idle) co_return Late("head");
    if (!got) {
      closed_ = true;
      co_return std::nullopt;
    }
    if (was_idle) SetDeadline(state_.options.timeouts.head);
  }
  co_return std::nullopt;
}

std::optional<Problem> Connection::Admit(Exchange& exchange) const {
  RequestHead& head = exchange.head;
  if (head.problem) return head.problem;
  if (head.match.route == nullptr) return std::nullopt;  // OPTIONS.
  const Route& route = *head.match.route;
  if (route.access == Access::kOpen) {
    head.request->principal = {.name = "", .admin = false, .collections = {""}};  // Nobody has been asked.
  } else {
    auto principal = state_.authenticate(*head.request);
    if (!principal) return Unauthorised(principal.error());
    head.request->principal = *std::move(principal);
    if (const Status may = Authorise(route, head.request->parameters, head.request->principal); !may) {
      return Problem(403, "forbidden", may.error().message);
    }
  }
  if (auto problem = CheckAcceptable(head.request->headers, route.produces)) return problem;
  const auto length = parser_->content_length();
  if (length && *length > route.max_body_bytes) return TooLarge(route.max_body_bytes);
  return std::nullopt;
}

asio::awaitable<std::optional<Problem>> Connection::ReceiveBody(Exchange& exchange) {
  const auto lease = std::make_shared<BodyBudget::Lease>(state_.bodies);
  const Problem no_memory(ErrorCode::kResourceExhausted, "too many large requests at once");
  const uint64_t limit = exchange.head.match.route == nullptr ? 0 : exchange.head.match.route->max_body_bytes;
  parser_->body_limit(limit);
  parser_->eager(true);  // Several chunks at once.
  if (!lease->GrowTo(parser_->content_length().value_or(0))) co_return no_memory;
  // Only who speaks HTTP/1.1 knows interim answers (RFC 9110, 10.1.1).
  if (parser_->get().version() >= 11 && exchange.head.request->headers.Find("Expect")) {
    if (!co_await SendAll(kContinue, {})) co_return std::nullopt;
  }
  SetDeadline(state_.options.timeouts.stall);
  uint64_t renewed_at = 0;
  while (!parser_->is_done()) {
    boost::system::error_code error;
    if (buffer_.size() > 0) buffer_.consume(parser_->put(buffer_.data(), error));
    const uint64_t received = parser_->get().body().size();
    if (error == beast_http::error::body_limit) co_return TooLarge(limit);
    if (error && error != beast_http::error::need_more) co_return MalformedHead(error);
    if (!lease->GrowTo(received)) co_return no_memory;
    if (parser_->is_done()) break;
    // What is left begins the head of a chunk or the trailer, and the parser would wait for their end for ever.
    if (buffer_.size() > state_.options.max_header_bytes) co_return TooMuchBesideChunks();
    if (received >= renewed_at + kProgressBytes) {
      SetDeadline(state_.options.timeouts.stall);
      renewed_at = received;
    }
    if (!co_await ReadMore()) {
      if (timed_out_) co_return Late("body");
      closed_ = true;
      co_return std::nullopt;
    }
  }
  exchange.body_unread = false;
  exchange.head.request->body = std::move(parser_->get().body());
  exchange.request_bytes = exchange.head.request->body.size();
  exchange.head.request = WithLease(std::move(exchange.head.request), lease);
  co_return std::nullopt;
}

/// Closing a socket with unread bytes resets the connection, and the client may lose the answer that says why. So the
/// end is announced and what still comes is read and dropped for a moment.
asio::awaitable<void> Connection::Linger() {
  SetDeadline(state_.options.timeouts.linger);
  co_await stream_->CloseSending();
  uint64_t dropped = 0;
  while (!closed_ && !aborted_ && dropped < kMostLingerBytes) {
    buffer_.consume(buffer_.size());
    if (!co_await ReadMore()) break;
    dropped += buffer_.size();
  }
}

asio::awaitable<bool> Connection::ReadMore() {
  const IoResult read = co_await stream_->Read(buffer_.prepare(kReadBytes));
  buffer_.commit(read.bytes);
  co_return !read.error && !aborted_;
}

void Connection::Finish(const Exchange& exchange) const {
  if (!state_.options.on_finished) return;
  const RequestHead& head = exchange.head;
  state_.options.on_finished(
      {.id = head.request->id,
       .method = head.method,
       .path = head.raw_path,
       .operation =
           head.match.route == nullptr ? std::string_view("none") : std::string_view(head.match.route->operation),
       .principal = head.request->principal.name,
       .remote_address = remote_address_,
       .status = exchange.status,
       .client_gone = exchange.client_gone,
       .request_bytes = exchange.request_bytes,
       .response_bytes = exchange.response_bytes,
       .duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - exchange.started)});
}

void Connection::SetDeadline(std::chrono::milliseconds from_now) {
  deadline_ = Clock::now() + from_now;
  timed_out_ = false;
}

void Connection::CheckDeadline(Clock::time_point now) {
  if (now < deadline_) return;
  timed_out_ = true;
  boost::system::error_code ignored;
  stream_->socket().cancel(ignored);
}

void Connection::Drain() {
  if (!idle_) return;
  boost::system::error_code ignored;
  stream_->socket().cancel(ignored);
}

void Connection::Abort() {
  aborted_ = true;
  stop_.request_stop();
  if (slot_) slot_->Close();
  answered_.cancel();
  boost::system::error_code ignored;
  stream_->socket().close(ignored);
}

}  // namespace sightline::http
