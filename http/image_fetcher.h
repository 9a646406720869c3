// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace sightline::http {

/// What a server fetches for those who ask (image_url). Off unless somebody turns it on.
struct ImageFetcherOptions {
  bool enabled = false;
  std::vector<std::string> allow{};     ///< Hosts, as HostAllowList has them. Needed when enabled.
  std::vector<std::string> networks{};  ///< Addresses that are taken although they are not public, as AddressRanges.
  size_t max_bytes = 32u << 20;
  std::chrono::milliseconds timeout{10'000};  ///< For one picture with all its redirects.
  int max_redirects = 3;
  std::string ca_file{};  ///< PEM: certificate authorities besides those of the system.
};

/// Fetches pictures that a request names by address, for people who may not look around with it: only hosts of a list,
/// only addresses of the public internet. Thread-safe. Note [Fetching for others] is in the source.
class ImageFetcher {
 public:
  /// Errors: kInvalidArgument (a host or network that is none, nothing allowed, a file of authorities that cannot be
  /// read).
  static Result<std::unique_ptr<ImageFetcher>> Make(const ImageFetcherOptions& options);
  ~ImageFetcher();

  bool enabled() const;

  /// The bytes behind `url`, whatever they are. Blocks until they are there or the time is up; a name server that does
  /// not answer can hold it for as long as the system's resolver waits. Call it from a worker.
  /// Errors: kFailedPrecondition (turned off), kInvalidArgument (no address, a host or network that is not allowed, too
  /// many redirects, an answer other than 200), kResourceExhausted (too big), kUnavailable (no answer, or not in time),
  /// kDeadlineExceeded and kCancelled (`limits`).
  Result<std::string> Fetch(std::string_view url, const Limits& limits) const;

 private:
  struct Impl;
  explicit ImageFetcher(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace sightline::http
