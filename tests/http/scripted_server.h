// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/http/tls_identity.h"

namespace sightline::http {

/// A server on 127.0.0.1 that answers each connection with what a test makes of the request's head, and closes it. Runs
/// on a thread of its own, one connection after the other.
class ScriptedServer {
 public:
  /// Gets the head of a request and returns every byte of the answer.
  using Script = std::function<std::string(const std::string& head)>;

  /// @param identity  absent: without TLS.
  explicit ScriptedServer(Script script, const std::optional<TlsIdentity>& identity = std::nullopt);
  ~ScriptedServer();

  uint16_t port() const;
  /// "http://127.0.0.1:PORT" (with TLS "https:") and `target`.
  std::string Url(const std::string& target) const;
  /// The heads that came so far; a connection without one counts as "".
  std::vector<std::string> requests() const;

  /// An answer of status 200 with `body`.
  static std::string Ok(const std::string& body);
  static std::string Redirect(const std::string& location);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sightline::http
