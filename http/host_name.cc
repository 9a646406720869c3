// SPDX-License-Identifier: BSD-3-Clause
#include "http/host_name.h"

#include <algorithm>

#include "http/message.h"

namespace sightline::http {

std::string_view HostNameOf(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);  // What is never closed is no address.
  }
  const size_t colon = host.find(':');
  // More than one colon: an IPv6 address without brackets.
  return colon != host.rfind(':') ? host : host.substr(0, colon);
}

bool IsOneOfHosts(std::string_view host, std::span<const std::string> names) {
  const std::string_view name = HostNameOf(host);
  return std::ranges::any_of(names, [name](const std::string& one) { return EqualIgnoringCase(one, name); });
}

}  // namespace sightline::http
