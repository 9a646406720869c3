// SPDX-License-Identifier: BSD-3-Clause
#include "http/authenticator.h"

#include <algorithm>

#include <fmt/format.h>

#include "http/address.h"
#include "http/base64.h"
#include "http/host_name.h"

// Note [Pages of others]
//
// A server without keys trusts whoever can reach it, and on a loopback address that is meant to be its owner. But a
// browser on the same machine sends it the requests of any page that the owner looks at. Two things betray those:
//  - Origin, or Sec-Fetch-Site where a browser sends no Origin (pictures): a page of another site says so. A form that
//    posts JSON as text/plain needs no permission of ours to be sent, so it must be refused here.
//  - Host: a name that an attacker's DNS points to 127.0.0.1 makes the page and the server one origin ("DNS
//    rebinding"), but the name stays the attacker's. Configured names are none of those, but
//    they may be a proxy's, whose visitors would all be owners: they are taken from who insists alone.
// Programs send none of these, or tell the truth. With keys none of this is needed, since no browser adds a key by
// itself; the cookie is only taken from requests that change nothing, and only sent by our own page (SameSite=Strict).

namespace sightline::http {
namespace {

constexpr std::string_view kCookie = "sightline_key";

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// What follows the scheme of an Authorization field, when it has that scheme.
std::optional<std::string_view> Credentials(std::string_view field, std::string_view scheme) {
  if (field.size() <= scheme.size() || field[scheme.size()] != ' ') return std::nullopt;
  if (!EqualIgnoringCase(field.substr(0, scheme.size()), scheme)) return std::nullopt;
  return Trim(field.substr(scheme.size()));
}

std::optional<std::string> FromAuthorization(std::string_view field) {
  if (const auto bearer = Credentials(field, "Bearer")) return std::string(*bearer);
  const auto basic = Credentials(field, "Basic");
  const auto decoded = basic ? DecodeBase64(*basic) : std::nullopt;
  const size_t colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::string();  // Something that is no key of ours.
  return decoded->substr(colon + 1);
}

std::optional<std::string> FromCookies(std::string_view field) {
  while (!field.empty()) {
    const size_t end = std::min(field.find(';'), field.size());
    const std::string_view pair = Trim(field.substr(0, end));
    field.remove_prefix(std::min(end + 1, field.size()));
    const size_t equals = pair.find('=');
    if (pair.substr(0, equals) != kCookie || equals == std::string_view::npos) continue;
    return PercentDecode(pair.substr(equals + 1), false);
  }
  return std::nullopt;
}

Problem Unauthorized(std::string message) {
  Problem problem(401, "unauthorized", std::move(message));
  problem.headers.Add("WWW-Authenticate", "Bearer realm=\"sightline\"");
  return problem;
}

Problem Forbidden(std::string message) { return Problem(403, "forbidden", std::move(message)); }

bool IsOriginOf(std::string_view origin, std::string_view host) {
  const size_t slashes = origin.find("://");
  return slashes != std::string_view::npos && EqualIgnoringCase(origin.substr(slashes + 3), host);
}

}  // namespace

std::optional<std::string> PresentedKey(const Request& request) {
  if (const auto field = request.headers.Find("Authorization")) return FromAuthorization(Trim(*field));
  if (const auto field = request.headers.Find("X-Api-Key")) return std::string(Trim(*field));
  if (request.method != Method::kGet && request.method != Method::kHead) return std::nullopt;
  const auto cookies = request.headers.Find("Cookie");
  return cookies ? FromCookies(*cookies) : std::nullopt;
}

bool IsLocalHost(std::string_view host) {
  const std::string_view name = HostNameOf(host);
  constexpr std::string_view kLocal = "localhost";
  constexpr std::string_view kBelowLocal = ".localhost";
  if (EqualIgnoringCase(name, kLocal) || IsLoopbackAddress(name)) return true;
  return name.size() > kBelowLocal.size() &&
         EqualIgnoringCase(name.substr(name.size() - kBelowLocal.size()), kBelowLocal);
}

Status CheckListenHosts(std::span<const std::string> hosts, bool has_keys, bool insecure) {
  if (has_keys || insecure) return {};
  const auto host = std::find_if_not(hosts.begin(), hosts.end(), [](const std::string& h) { return IsLocalHost(h); });
  if (host == hosts.end()) return {};
  return Fail(
      ErrorCode::kFailedPrecondition,
      fmt::format("there are no keys, so everybody who reaches {} could read and change everything: make one with: "
                  "sightline key add NAME (or insist with --insecure)",
                  *host));
}

ProblemOr<Principal> KeyAuthenticator::operator()(const Request& request) const {
  return keys_->required() ? ByKey(request) : AsOwner(request);
}

ProblemOr<Principal> KeyAuthenticator::ByKey(const Request& request) const {
  const std::optional<std::string> presented = PresentedKey(request);
  if (!presented) {
    return tl::make_unexpected(Unauthorized("this server asks for a key: send it as \"Authorization: Bearer KEY\""));
  }
  SL_ASSIGN_OR_RETURN(std::optional<ApiKey> key, keys_->Find(*presented));
  if (!key) return tl::make_unexpected(Unauthorized("this server does not know this key"));
  return Principal{.name = key->name, .admin = key->admin, .collections = std::move(key->collections)};
}

ProblemOr<Principal> KeyAuthenticator::AsOwner(const Request& request) const {
  const std::string_view host = request.headers.Find("Host").value_or("");
  const bool is_ours = host.empty() || IsLocalHost(host) || IsOneOfHosts(host, options_.host_names);
  if (options_.local_only && !is_ours) {
    return tl::make_unexpected(Forbidden(
        fmt::format("a server without keys answers to names of this machine only, not to \"{}\": make a key", host)));
  }
  if (const auto origin = request.headers.Find("Origin")) {
    const bool known =
        std::find(options_.cors_origins.begin(), options_.cors_origins.end(), *origin) != options_.cors_origins.end();
    if (known || IsOriginOf(*origin, host)) return Principal{};
    return tl::make_unexpected(Forbidden(fmt::format("pages of \"{}\" may not use this server", *origin)));
  }
  const bool crosses = request.headers.Find("Sec-Fetch-Site") == "cross-site";
  if (crosses && request.headers.Find("Sec-Fetch-Mode") != "navigate") {
    return tl::make_unexpected(Forbidden("pages of other sites may not use this server"));
  }
  return Principal{};
}

}  // namespace sightline::http
