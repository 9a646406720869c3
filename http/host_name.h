// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sightline::http {

/// The name or address in a Host field, an origin or a listen address: without port, and an IPv6 address without its
/// brackets. A view into `host`.
std::string_view HostNameOf(std::string_view host);

/// Whether the name in `host` is one of `names`, which have no ports.
bool IsOneOfHosts(std::string_view host, std::span<const std::string> names);

}  // namespace sightline::http
