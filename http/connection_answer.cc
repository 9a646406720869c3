// SPDX-License-Identifier: BSD-3-Clause
// The second half of a connection: from a complete request to its answer on the wire.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/guard.h"
#include "http/answer_head.h"
#include "http/connection_internal.h"

namespace sightline::http {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr size_t kContentBytes = 256 * 1024;
constexpr std::chrono::milliseconds kLookForClient{50};

/// OPTIONS, and the question that a browser asks before it lets a page of another origin call.
Response AnswerOptions(const Request& request, const Match& match, const ServerOptions& options) {
  Response response = {.status = 204};
  std::string methods;
  for (const Method each : match.allowed) methods += fmt::format("{}{}", methods.empty() ? "" : ", ", NameOf(each));
  response.headers.Set("Allow", methods);
  const auto origin = request.headers.Find("Origin");
  if (origin && IsAllowedOrigin(options, *origin) && request.headers.Find("Access-Control-Request-Method")) {
    response.headers.Set("Access-Control-Allow-Methods", methods);
    response.headers.Set(
        "Access-Control-Allow-Headers",
        "Authorization, Content-Type, If-Match, If-None-Match, Range, X-Api-Key, X-Request-Id, X-Request-Timeout");
    response.headers.Set("Access-Control-Max-Age", "600");
  }
  return response;
}

std::string_view BytesOf(const Response& response, ByteRange range) {
  const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&response.body);
  const std::string& bytes = shared != nullptr ? **shared : std::get<std::string>(response.body);
  return std::string_view(bytes).substr(range.first, range.size);
}

}  // namespace

asio::awaitable<Response> Connection::Handle(Exchange& exchange) {
  RequestHead& head = exchange.head;
  if (head.match.route == nullptr) co_return AnswerOptions(*head.request, head.match, state_.options);
  const Route& route = *head.match.route;
  std::chrono::milliseconds timeout = head.timeout;
  if (timeout.count() == 0) timeout = route.timeout;
  if (timeout.count() == 0) timeout = state_.options.timeouts.request;
  stop_ = std::stop_source();
  head.request->limits = Limits::After(timeout, stop_.get_token());
  deadline_ = Clock::time_point::max();  // Nothing is awaited from the client.
  slot_ = std::make_shared<ReplySlot>();
  ++state_.requests_in_flight;
  const std::shared_ptr<const Request> request = head.request;
  const Status called = Guard("call the handler", [&]() -> Status {
    route.handler(request, ReplyInto(slot_, request));
    return {};
  });
  if (!called) slot_->Put(ProblemResponse(*request, called.error()));
  std::optional<Response> response = slot_->Take();
  if (!response) response = co_await WaitForReply(slot_, exchange);
  --state_.requests_in_flight;
  slot_.reset();
  stop_ = std::stop_source(std::nostopstate);
  exchange.client_gone = closed_;
  co_return *std::move(response);
}

/// Note [Clients that go away]: while a handler works nothing is read, so what a client pipelines waits in the kernel
/// and takes no memory here. Whether it has gone is asked of the kernel: its side of the connection is closed. But so
/// is that of a client that only ended its sending and waits for the answer. Something must be sent to tell them apart,
/// because only the kernel of one that has gone refuses it: an interim answer, which every client of HTTP/1.1 has to
/// take (RFC 9110, 15.2). Who is there after that is answered; a client of HTTP/1.0 counts as gone.
asio::awaitable<Response> Connection::WaitForReply(const std::shared_ptr<ReplySlot>& slot, const Exchange& exchange) {
  const Request& request = *exchange.head.request;
  const auto give_up = request.limits.deadline + state_.options.timeouts.overrun;
  const bool waits = slot->CallWhenDone([weak = weak_from_this(), executor = io_.context.get_executor()] {
    asio::post(executor, [weak] {
      if (const auto self = weak.lock()) self->answered_.cancel();
    });
  });
  while (waits) {
    if (auto response = slot->Take()) co_return *std::move(response);
    answered_.expires_after(kLookForClient);
    co_await answered_.async_wait(kAwait);
    if (auto response = slot->Take()) co_return *std::move(response);
    if (aborted_) break;
    if (!closed_) co_await LookForClient();
    if (closed_) stop_.request_stop();
    if (Clock::now() >= give_up) {
      stop_.request_stop();
      slot->Close();
      co_return ProblemResponse(request, Error{ErrorCode::kDeadlineExceeded, "there was no answer in time"});
    }
  }
  co_return slot->Take().value_or(Response{.status = 503});
}

asio::awaitable<bool> Connection::Send(Exchange& exchange, Response response) {
  AnswerPlan plan = PlanAnswer(*exchange.head.request, std::move(response));
  if (plan.gzip) {
    co_await asio::co_spawn(
        state_.helpers.get_executor(),
        [&plan]() -> asio::awaitable<void> {
          CompressBody(plan);
          co_return;
        },
        asio::use_awaitable);
  }
  exchange.status = plan.response.status;
  exchange.keep_alive = exchange.keep_alive && !exchange.body_unread && !state_.stopping && !closed_;
  const std::string head = AnswerHead(plan, *exchange.head.request, state_.options, io_.date, exchange.keep_alive);
  SetDeadline(state_.options.timeouts.stall);
  bool sent = false;
  if (auto* content = std::get_if<std::shared_ptr<ContentReader>>(&plan.response.body); content && plan.send_body) {
    sent = co_await SendAll(head, {}) && co_await SendContent(**content, plan.range);
  } else {
    // Not within the call: GCC 12 evaluates both sides of a conditional in an argument of co_await.
    const std::string_view body = plan.send_body ? BytesOf(plan.response, plan.range) : std::string_view();
    sent = co_await SendAll(head, body);
  }
  exchange.response_bytes = sent && plan.send_body ? plan.range.size : 0;
  exchange.client_gone = exchange.client_gone || !sent;
  Finish(exchange);
  co_return sent&& exchange.keep_alive;
}

asio::awaitable<bool> Connection::SendContent(ContentReader& content, ByteRange range) {
  std::vector<std::byte> block(std::min<uint64_t>(kContentBytes, range.size));
  while (range.size > 0) {
    const auto part = std::span(block).first(std::min<uint64_t>(block.size(), range.size));
    const Status read = co_await asio::co_spawn(
        state_.helpers.get_executor(),
        [&content, part, offset = range.first]() -> asio::awaitable<Status> { co_return content.ReadAt(offset, part); },
        asio::use_awaitable);
    if (!read) co_return false;
    if (!co_await SendAll({}, {reinterpret_cast<const char*>(part.data()), part.size()})) co_return false;
    range.first += part.size();
    range.size -= part.size();
  }
  co_return true;
}

asio::awaitable<bool> Connection::SendAll(std::string_view head, std::string_view body) {
  SetDeadline(state_.options.timeouts.stall);
  size_t since_renewal = 0;
  while (!head.empty() || !body.empty()) {
    const std::array<asio::const_buffer, 2> buffers = {asio::const_buffer(head.data(), head.size()),
                                                       asio::const_buffer(body.data(), body.size())};
    const IoResult written = co_await stream_->WriteSome(buffers);
    if (written.error || aborted_) {
      closed_ = true;
      co_return false;
    }
    const size_t of_head = std::min(written.bytes, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(written.bytes - of_head);
    since_renewal += written.bytes;
    if (since_renewal < kProgressBytes) continue;
    SetDeadline(state_.options.timeouts.stall);
    since_renewal = 0;
  }
  co_return true;
}

asio::awaitable<void> Connection::LookForClient() {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  const int handle = stream_->socket().native_handle();
  const bool is_known = ::getsockopt(handle, IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
  if (is_known && info.tcpi_state == TCP_ESTABLISHED) co_return;
  const bool has_ended_sending = is_known && info.tcpi_state == TCP_CLOSE_WAIT;
  if (!has_ended_sending || parser_->get().version() < 11) {
    closed_ = true;
  } else if (!asked_to_wait_) {
    asked_to_wait_ = true;
    co_await SendAll(kContinue, {});
    deadline_ = Clock::time_point::max();  // Nothing is awaited from the client.
  }
}

}  // namespace sightline::http
