// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sightline::http {

/// Where a server listens.
struct ListenAddress {
  std::string host;   ///< An IP address: "127.0.0.1", "::1", "0.0.0.0".
  uint16_t port = 0;  ///< 0: a free one.

  /// "127.0.0.1:8080", "[::1]:8080".
  std::string Text() const;
  /// Whether only this machine can reach it.
  bool IsLoopback() const;
};

/// Reads "ADDRESS:PORT"; an IPv6 address stands in brackets, and "localhost" is 127.0.0.1. Errors: kInvalidArgument.
Result<ListenAddress> ParseListenAddress(std::string_view text);

}  // namespace sightline::http
