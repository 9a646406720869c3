// SPDX-License-Identifier: BSD-3-Clause
#include "http/listen_address.h"

#include <charconv>

#include <fmt/format.h>
#include <boost/asio/ip/address.hpp>

namespace sightline::http {
namespace {

tl::unexpected<Error> Refuse(std::string_view text, std::string_view why) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("listen address \"{}\": {}; an example is 127.0.0.1:8080", text, why));
}

}  // namespace

std::string ListenAddress::Text() const {
  const bool has_colons = host.find(':') != std::string::npos;
  return has_colons ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

bool ListenAddress::IsLoopback() const {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Refuse(text, "it has no port");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return Refuse(text, "an IPv6 address stands in brackets");
  }
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  if (error) return Refuse(text, "it does not begin with an IP address or localhost");
  const std::string_view digits = text.substr(colon + 1);
  ListenAddress out = {.host = address.to_string()};
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (failed != std::errc() || end != digits.data() + digits.size())
    return Refuse(text, "the port is not a number up to 65535");
  return out;
}

}  // namespace sightline::http
