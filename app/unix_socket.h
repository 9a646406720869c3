// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/owned_fd.h"
#include "base/result.h"

/// Stream sockets in the file system. Paths may be longer than the kernel's own limit of 107 bytes.
namespace sightline::app {

/// Listens at `path`, for this user alone (mode 0600). What a dead process left there is replaced: the caller knows
/// that no living one listens. Errors: kUnavailable, kResourceExhausted.
Result<OwnedFd> ListenAt(const std::filesystem::path& path);

/// Errors: kNotFound (nobody listens there), kUnavailable (not for this user, or the queue is full).
Result<OwnedFd> ConnectTo(const std::filesystem::path& path);

/// Sends all of `bytes`, and `fds` with the first of them. Errors: kUnavailable (the other side is gone, or takes
/// nothing for ten seconds).
Status SendAll(int socket, std::string_view bytes, std::span<const int> fds = {});

/// Receives exactly `size` bytes. Descriptors that come with them are appended to `fds`; without `fds` they are closed.
/// Errors: kUnavailable (the other side is gone, or nothing came for `patience`), kInvalidArgument (more descriptors
/// than anybody sends).
Result<std::string> ReceiveExactly(int socket, size_t size, std::chrono::milliseconds patience,
                                   std::vector<OwnedFd>* fds = nullptr);

}  // namespace sightline::app
