// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/key_ring.h"
#include "http/message.h"
#include "http/problem.h"

namespace sightline::http {

struct AuthenticatorOptions {
  /// Whether only this machine can reach the server, so that a request for another host name comes from a page that
  /// pretends (Note [Pages of others]).
  bool local_only = true;
  /// Names besides those of this machine that count as its own without keys: of ServerOptions::host_names, where
  /// somebody insists (--insecure).
  std::vector<std::string> host_names{};
  /// Origins whose pages may ask, as "https://photos.example.com".
  std::vector<std::string> cors_origins{};
};

/// Says who asks: by key once there are keys, otherwise everybody on this machine is its owner. Thread-safe.
class KeyAuthenticator {
 public:
  KeyAuthenticator(std::shared_ptr<KeyRing> keys, AuthenticatorOptions options)
      : keys_(std::move(keys)), options_(std::move(options)) {}

  /// Cheap: two hashes and one or two stat(2) calls.
  /// Errors: 401 (no key, or one that is not known), 403 (without keys: a page of another site asks), kUnavailable (the
  /// file of keys cannot be read).
  ProblemOr<Principal> operator()(const Request& request) const;

 private:
  ProblemOr<Principal> ByKey(const Request& request) const;
  ProblemOr<Principal> AsOwner(const Request& request) const;

  std::shared_ptr<KeyRing> keys_;
  AuthenticatorOptions options_;
};

/// The key that a request carries: "Authorization: Bearer KEY", the password of "Authorization: Basic", "X-Api-Key:
/// KEY", or, in a GET or HEAD request only, the cookie "sightline_key", because a browser that shows a picture sends no
/// header of ours. The first of these that is there counts.
std::optional<std::string> PresentedKey(const Request& request);

/// Whether a Host field or a listen address names this machine alone: "localhost", a name below it, or a loopback
/// address, with or without a port.
bool IsLocalHost(std::string_view host);

/// Whether a server may listen: on this machine alone, or with keys, or where somebody insists.
/// @param hosts  as IsLocalHost has them.   @param has_keys  KeyRing::required().   @param insecure  --insecure.
/// Errors: kFailedPrecondition (the message says what to do).
Status CheckListenHosts(std::span<const std::string> hosts, bool has_keys, bool insecure);

}  // namespace sightline::http
