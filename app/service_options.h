// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>

#include "app/config.h"
#include "base/result.h"
#include "http/host.h"
#include "http/image_fetcher.h"
#include "http/server.h"

namespace sightline::app {

std::chrono::milliseconds Milliseconds(double seconds);

/// What the settings say about the parts of a service. Without data folder, model and socket.
http::HostOptions HostOptionsOf(const Config& config);

http::ImageFetcherOptions FetcherOptionsOf(const Config& config);

/// Errors: kInvalidArgument (an address that is none; one of certificate and key alone).
Result<http::ServerOptions> ServerOptionsOf(const Config& config);

}  // namespace sightline::app
