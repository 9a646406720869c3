// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace sightline::http {

/// What a request of a route needs. Where the route has a parameter {c}, that collection; otherwise kRead asks for any
/// valid key (the handler looks at the principal itself) and kWrite for an admin key.
enum class Access {
  kOpen,     ///< Nothing: no key is looked at.
  kRead,     ///< Principal::MayRead
  kReadAll,  ///< A key of all collections: the answer is about each of them.
  kWrite,    ///< Principal::MayWrite
  kAdmin,    ///< Principal::MayAdminister
};

struct Route {
  Method method = Method::kGet;
  std::string pattern;    ///< "/v1/collections/{c}/search": {name} is one whole segment.
  std::string operation;  ///< Label of metrics and logs, and the operationId of the OpenAPI document: "search".
  Access access = Access::kRead;
  Handler handler{};
  size_t max_body_bytes = 0;  ///< A longer body is refused with 413 before it is read.
  /// What its answers are: a client that takes none of these is answered 406 before the body is read. Empty: they have
  /// no body, or the handler looks at Accept itself.
  std::vector<std::string_view> produces = {"application/json", "application/problem+json"};
  /// Deadline of a request that does not name one with X-Request-Timeout; 0: the server's.
  std::chrono::milliseconds timeout{0};
};

/// What a request line leads to.
struct Match {
  const Route* route = nullptr;                                  ///< Null: nothing. Lives as long as the router.
  std::map<std::string, std::string, std::less<>> parameters{};  ///< Decoded.
  std::vector<Method> allowed{};  ///< Of the path, HEAD and OPTIONS included; empty: 404.
  bool bad_path = false;          ///< A broken escape: 400.
};

/// The table of routes. Filled at start, then immutable and thread-safe.
class Router {
 public:
  /// A pattern that is no path, an empty operation or handler, and a route that is there already are our own bugs.
  void Add(Route route);

  const std::vector<Route>& routes() const { return routes_; }

  /// @param path  percent-encoded, as in the request line, without the query. A slash that is written %2F does not
  ///              divide. Of several routes the one with the most literal segments is taken. HEAD finds a GET route.
  Match Find(Method method, std::string_view path) const;

 private:
  struct Pattern {
    std::vector<std::string> segments;  ///< "{c}" for parameters.
    size_t literals = 0;
  };

  std::vector<Route> routes_;
  std::vector<Pattern> patterns_;  ///< Of routes_, in the same order.
};

/// Whether `principal` may ask for `route` with these parameters. Errors: kFailedPrecondition, which is answered 403.
Status Authorise(const Route& route, const std::map<std::string, std::string, std::less<>>& parameters,
                 const Principal& principal);

}  // namespace sightline::http
