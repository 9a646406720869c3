// SPDX-License-Identifier: BSD-3-Clause
#include "http/fetch_url.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

#include "base/guard.h"

namespace sightline::http {
namespace {

namespace urls = boost::urls;

constexpr size_t kMaxUrlLength = 4096;
constexpr size_t kMaxHostLength = 253;  // RFC 1035, section 2.3.4.

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

// A name or an address without brackets, in lower case. Percent signs and other oddities stay out, so that what is
// compared with the list is what is resolved.
bool IsHost(std::string_view host) {
  if (host.empty() || host.size() > kMaxHostLength) return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == ':';
  });
}

bool ParsePort(std::string_view text, uint16_t& port) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failed == std::errc() && end == text.data() + text.size() && port != 0;
}

tl::unexpected<Error> NotFetchable(std::string_view url, std::string_view why) {
  return Fail(ErrorCode::kInvalidArgument, fmt::format("cannot fetch \"{}\": {}", url.substr(0, 200), why));
}

std::string_view View(urls::string_view text) { return {text.data(), text.size()}; }

Result<FetchUrl> FromView(std::string_view text, const urls::url_view& view) {
  FetchUrl url;
  url.tls = view.scheme_id() == urls::scheme::https;
  if (!url.tls && view.scheme_id() != urls::scheme::http) return NotFetchable(text, "not an http or https address");
  // Boost.URL 1.81 takes "http://a:x/" for the host "a" and the path "x/".
  const std::string_view path = View(view.encoded_path());
  if (!path.empty() && path.front() != '/') return NotFetchable(text, "no such port");
  if (view.has_userinfo()) return NotFetchable(text, "it names a user");
  url.host = LowerCase(View(view.encoded_host()));
  if (view.host_type() == urls::host_type::ipvfuture) return NotFetchable(text, "no host that can be asked");
  if (url.host.size() > 2 && url.host.front() == '[') url.host = url.host.substr(1, url.host.size() - 2);
  if (!IsHost(url.host)) return NotFetchable(text, "no host that can be asked");
  url.port = url.default_port();
  if (view.has_port() && !view.port().empty() && !ParsePort(View(view.port()), url.port)) {
    return NotFetchable(text, "no such port");
  }
  url.target = View(view.encoded_target());
  if (url.target.empty() || url.target.front() != '/') url.target.insert(url.target.begin(), '/');
  return url;
}

}  // namespace

std::string FetchUrl::HostField() const {
  const std::string name = host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
  return port == default_port() ? name : fmt::format("{}:{}", name, port);
}

std::string FetchUrl::Text() const { return fmt::format("{}://{}{}", tls ? "https" : "http", HostField(), target); }

Result<FetchUrl> ParseFetchUrl(std::string_view text) {
  if (text.size() > kMaxUrlLength) return NotFetchable(text, "longer than 4096 bytes");
  return Guard("parse an address", [&]() -> Result<FetchUrl> {
    const auto parsed = urls::parse_uri(urls::string_view(text.data(), text.size()));
    if (!parsed) return NotFetchable(text, "not an address as RFC 3986 has it");
    return FromView(text, *parsed);
  });
}

Result<FetchUrl> ResolveRedirect(const FetchUrl& from, std::string_view location) {
  if (location.size() > kMaxUrlLength) return NotFetchable(location, "longer than 4096 bytes");
  return Guard("follow a redirect", [&]() -> Result<FetchUrl> {
    const std::string base = from.Text();
    const auto base_view = urls::parse_uri(base);
    const auto reference = urls::parse_uri_reference(urls::string_view(location.data(), location.size()));
    urls::url resolved;
    if (!base_view || !reference || !urls::resolve(*base_view, *reference, resolved)) {
      return NotFetchable(location, "it redirects to something that is no address");
    }
    return FromView(View(resolved.buffer()), resolved);
  });
}

Result<HostAllowList> HostAllowList::Parse(std::span<const std::string> entries) {
  HostAllowList list;
  for (const std::string& text : entries) {
    Entry entry;
    std::string_view host = text;
    // The port follows the bracket of an IPv6 address, or the only colon.
    const size_t colon = host.rfind(':');
    const bool has_port =
        colon != std::string_view::npos && (host.front() == '[' ? host[colon - 1] == ']' : host.find(':') == colon);
    bool valid = !has_port || ParsePort(host.substr(colon + 1), entry.port);
    if (has_port) host = host.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    entry.below = host == "*" || host.starts_with("*.");
    entry.host = LowerCase(entry.below ? host.substr(1) : host);
    valid = valid && (host == "*" || (IsHost(entry.host) && entry.host != "."));
    if (!valid) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("\"{}\" names no hosts: write images.example.com, *.example.com, or * for every host, "
                              "with :8080 for another port",
                              text));
    }
    list.entries_.push_back(std::move(entry));
  }
  return list;
}

bool HostAllowList::Allows(const FetchUrl& url) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    if (url.port != (entry.port == 0 ? url.default_port() : entry.port)) return false;
    if (!entry.below) return url.host == entry.host;
    return url.host.size() > entry.host.size() && std::string_view(url.host).ends_with(entry.host);
  });
}

}  // namespace sightline::http
