// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include "http/problem.h"
#include "http/server.h"

namespace sightline::http {

using BeastHead = boost::beast::http::header<true, boost::beast::http::fields>;

/// A request line with its fields, before anything of the body is read.
struct RequestHead {
  std::shared_ptr<Request> request;      ///< All but the body, the principal and the limits.
  std::string method;                    ///< As sent.
  std::string raw_path;                  ///< As sent, without the query.
  std::chrono::milliseconds timeout{0};  ///< Of X-Request-Timeout; 0: none was sent.
  Match match;
  std::optional<Problem> problem;  ///< What is wrong; then `match` has no route.
  /// Off where the end of the body is a matter of opinion (Note [Where a body ends]): nothing may follow it.
  bool is_framed = true;
};

/// Reads the head and finds its route: method, target, Host, X-Request-Id, X-Request-Timeout, Origin.
///
/// Note [Where a body ends]: a proxy in front of us and we must agree on it, else what one of them takes for a body is
/// the other's next request, with the rights of somebody else ("request smuggling"). The parser refuses lengths that
/// contradict each other, but takes a body in an unknown transfer coding, or in chunks under HTTP/1.0, for none at all.
/// So "chunked" alone is taken (RFC 9112, 6.1), everything else is refused and the connection ends with the answer.
RequestHead ReadHead(const BeastHead& head, const Router& router, const ServerOptions& options,
                     std::string remote_address);

/// 16 hexadecimal digits that nobody can foresee.
std::string MakeRequestId();

/// Note [Host names]: a page of the internet could reach a server of this network by letting its own name lead to the
/// server's address: to the browser that is the page's own origin. What gives it away is the Host field, which then has
/// the page's name. Where names are configured, a Host is one of them, an IP address or localhost, whoever asks.
/// A server without keys, to which only this machine gets, is stricter besides: it takes addresses and names
/// of this machine alone, configured ones only with --insecure (authenticator.cc, Note [Pages of others]).
bool IsAllowedHost(const ServerOptions& options, std::string_view host);

}  // namespace sightline::http
