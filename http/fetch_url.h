// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::http {

/// An address to fetch from, taken apart.
struct FetchUrl {
  bool tls = false;
  std::string host;    ///< Lower case; an IPv6 address without its brackets.
  uint16_t port = 80;  ///< That of the scheme unless the address names one.
  std::string target;  ///< Path and query, as sent in a request line; starts with a slash.

  uint16_t default_port() const { return tls ? 443 : 80; }
  /// The Host field: with brackets and port where they are needed.
  std::string HostField() const;
  /// The whole address again.
  std::string Text() const;
};

/// Takes http and https addresses without a user name. Errors: kInvalidArgument.
Result<FetchUrl> ParseFetchUrl(std::string_view url);

/// Where a redirect leads: `location` may be relative. Errors: kInvalidArgument.
Result<FetchUrl> ResolveRedirect(const FetchUrl& from, std::string_view location);

/// Hosts that may be fetched from. Immutable.
class HostAllowList {
 public:
  HostAllowList() = default;

  /// @param entries  "images.example.com", "*.example.com" (the names below it), "*" (every host), each with ":8080"
  /// for
  ///                 another port than that of the scheme ("*" alone and the others without one: that of the scheme).
  /// Errors: kInvalidArgument.
  static Result<HostAllowList> Parse(std::span<const std::string> entries);

  bool Allows(const FetchUrl& url) const;
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    std::string host;    ///< Lower case; of "*.example.com" ".example.com"; of "*" empty.
    bool below = false;  ///< Names that end in `host`.
    uint16_t port = 0;   ///< 0: that of the scheme.
  };
  std::vector<Entry> entries_;
};

}  // namespace sightline::http
