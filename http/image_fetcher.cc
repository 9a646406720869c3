// SPDX-License-Identifier: BSD-3-Clause
#include "http/image_fetcher.h"

#include <algorithm>
#include <optional>
#include <stop_token>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "base/guard.h"
#include "http/address.h"
#include "http/fetch_url.h"

// Note [Fetching for others]
//
// Whoever makes a server fetch an address can look through its eyes: at services of its own machine, at its private
// network, at the metadata service of its cloud (169.254.169.254). So:
//  - The host must be on a list. The name is compared as it is resolved: lower case, no escapes.
//  - What counts is the address, after resolving: a name on the list may point anywhere, today or a moment later. The
//    connection goes to the very address that was checked (no second look-up), whatever form a number was written in.
//  - A redirect is a new address with all these checks, and never leads from https to http.
//  - One deadline for everything, a limit of bytes, no cookies, no keys, no proxy of the environment.
// What comes back is decoded as a picture by code that expects hostile files; nobody sees the bytes themselves.

namespace sightline::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr uint32_t kMaxHeaderBytes = 16u << 10;

// Bytes, or where they are said to be.
struct Fetched {
  std::string body;
  std::optional<std::string> location;
};

tl::unexpected<Error> Unreachable(const FetchUrl& url, const beast::error_code& error) {
  if (error == beast::http::error::body_limit || error == beast::http::error::header_limit) {
    return Fail(ErrorCode::kResourceExhausted, fmt::format("{} sends more than is taken", url.host));
  }
  return Fail(ErrorCode::kUnavailable, fmt::format("cannot fetch from {}: {}", url.HostField(), error.message()));
}

bool IsRedirect(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

beast::http::request<beast::http::empty_body> MakeRequest(const FetchUrl& url) {
  beast::http::request<beast::http::empty_body> request(beast::http::verb::get, url.target, 11);
  request.set(beast::http::field::host, url.HostField());
  request.set(beast::http::field::user_agent, "sightline");
  request.set(beast::http::field::accept, "image/*");
  request.set(beast::http::field::accept_encoding, "identity");
  request.set(beast::http::field::connection, "close");
  return request;
}

Result<Fetched> Judge(const FetchUrl& url, beast::http::response<beast::http::string_body>& response) {
  const unsigned status = response.result_int();
  const auto location = response.find(beast::http::field::location);
  if (IsRedirect(status) && location != response.end()) return Fetched{{}, std::string(location->value())};
  if (status != 200) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{} answered {}", url.HostField(), status));
  }
  const auto encoding = response.find(beast::http::field::content_encoding);
  if (encoding != response.end() && !beast::iequals(encoding->value(), "identity")) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{} sends a compressed answer", url.HostField()));
  }
  return Fetched{std::move(response.body()), std::nullopt};
}

template <typename Stream>
asio::awaitable<Result<Fetched>> Exchange(Stream& stream, const FetchUrl& url, size_t max_bytes) {
  beast::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const auto request = MakeRequest(url);
  co_await beast::http::async_write(stream, request, token);
  if (error) co_return Unreachable(url, error);
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.header_limit(kMaxHeaderBytes);
  parser.body_limit(max_bytes);
  co_await beast::http::async_read(stream, buffer, parser, token);
  if (error) co_return Unreachable(url, error);
  co_return Judge(url, parser.get());
}

}  // namespace

struct ImageFetcher::Impl {
  explicit Impl(const ImageFetcherOptions& given) : options(given), tls(asio::ssl::context::tls_client) {}

  Status Prepare();
  asio::awaitable<Result<Fetched>> FetchOne(const FetchUrl& url);
  asio::awaitable<Result<std::vector<tcp::endpoint>>> Resolve(const FetchUrl& url) const;
  asio::awaitable<Result<std::string>> FetchAll(FetchUrl url);

  const ImageFetcherOptions options;
  HostAllowList allow;
  AddressRanges networks;
  asio::ssl::context tls;
};

Status ImageFetcher::Impl::Prepare() {
  SL_ASSIGN_OR_RETURN(allow, HostAllowList::Parse(options.allow));
  SL_ASSIGN_OR_RETURN(networks, AddressRanges::Parse(options.networks));
  if (options.enabled && allow.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "fetching pictures is turned on, but no host is allowed (\"*\" is every host)");
  }
  tls.set_verify_mode(asio::ssl::verify_peer);
  beast::error_code error;
  tls.set_default_verify_paths(error);
  if (!error && !options.ca_file.empty()) tls.load_verify_file(options.ca_file, error);
  if (error) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: cannot be read as certificates: {}", options.ca_file, error.message()));
  }
  return {};
}

// The addresses of a host that may be connected to.
asio::awaitable<Result<std::vector<tcp::endpoint>>> ImageFetcher::Impl::Resolve(const FetchUrl& url) const {
  tcp::resolver resolver(co_await asio::this_coro::executor);
  beast::error_code error;
  const auto found = co_await resolver.async_resolve(url.host, std::to_string(url.port),
                                                     asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return Unreachable(url, error);
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) {
    const std::string address = entry.endpoint().address().to_string();
    if (IsPublicAddress(address) || networks.Contains(address)) endpoints.push_back(entry.endpoint());
  }
  if (endpoints.empty()) {
    co_return Fail(ErrorCode::kInvalidArgument, fmt::format("{} is not on the public internet", url.host));
  }
  co_return endpoints;
}

asio::awaitable<Result<Fetched>> ImageFetcher::Impl::FetchOne(const FetchUrl& url) {
  if (!allow.Allows(url)) {
    co_return Fail(
        ErrorCode::kInvalidArgument,
        fmt::format("pictures may not be fetched from {}: it is not on this server's list", url.HostField()));
  }
  const auto endpoints = co_await Resolve(url);
  if (!endpoints) co_return tl::unexpected<Error>(endpoints.error());
  beast::tcp_stream plain(co_await asio::this_coro::executor);
  beast::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await plain.async_connect(*endpoints, token);
  if (error) co_return Unreachable(url, error);
  if (!url.tls) co_return co_await Exchange(plain, url, options.max_bytes);

  beast::ssl_stream<beast::tcp_stream> stream(std::move(plain), tls);
  stream.set_verify_callback(asio::ssl::host_name_verification(url.host));
  beast::error_code no_address;
  asio::ip::make_address(url.host, no_address);
  // Addresses are no server names (RFC 6066, section 3).
  if (no_address && SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str()) != 1) {
    co_return Fail(ErrorCode::kInternal, fmt::format("{}: cannot be named in a TLS handshake", url.host));
  }
  co_await stream.async_handshake(asio::ssl::stream_base::client, token);
  if (error) co_return Unreachable(url, error);
  co_return co_await Exchange(stream, url, options.max_bytes);
}

asio::awaitable<Result<std::string>> ImageFetcher::Impl::FetchAll(FetchUrl url) {
  for (int hop = 0; hop <= options.max_redirects; ++hop) {
    auto fetched = co_await FetchOne(url);
    if (!fetched) co_return tl::unexpected<Error>(fetched.error());
    if (!fetched->location) co_return std::move(fetched->body);
    auto next = ResolveRedirect(url, *fetched->location);
    if (!next) co_return tl::unexpected<Error>(next.error());
    if (url.tls && !next->tls) {
      co_return Fail(ErrorCode::kInvalidArgument, fmt::format("{} redirects from https to http", url.HostField()));
    }
    url = *std::move(next);
  }
  co_return Fail(ErrorCode::kInvalidArgument, fmt::format("more than {} redirects", options.max_redirects));
}

ImageFetcher::ImageFetcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ImageFetcher::~ImageFetcher() = default;

Result<std::unique_ptr<ImageFetcher>> ImageFetcher::Make(const ImageFetcherOptions& options) {
  return Guard("prepare fetching pictures", [&]() -> Result<std::unique_ptr<ImageFetcher>> {
    auto impl = std::make_unique<Impl>(options);
    SL_RETURN_IF_ERROR(impl->Prepare());
    return std::unique_ptr<ImageFetcher>(new ImageFetcher(std::move(impl)));
  });
}

bool ImageFetcher::enabled() const { return impl_->options.enabled; }

Result<std::string> ImageFetcher::Fetch(std::string_view url, const Limits& limits) const {
  if (!enabled()) return Fail(ErrorCode::kFailedPrecondition, "this server does not fetch pictures from addresses");
  SL_ASSIGN_OR_RETURN(FetchUrl parsed, ParseFetchUrl(url));
  SL_RETURN_IF_ERROR(limits.Check("fetch a picture"));
  const std::string host = parsed.HostField();
  return Guard("fetch a picture", [&]() -> Result<std::string> {
    asio::io_context context;
    std::optional<Result<std::string>> result;
    asio::co_spawn(context, impl_->FetchAll(std::move(parsed)),
                   [&](std::exception_ptr thrown, Result<std::string> got) {
                     if (thrown) std::rethrow_exception(thrown);
                     result = std::move(got);
                   });
    const std::stop_callback stop(limits.stop, [&context] { context.stop(); });
    context.run_until(std::min(limits.deadline, Clock::now() + impl_->options.timeout));
    if (result) return *std::move(result);
    SL_RETURN_IF_ERROR(limits.Check("fetch a picture"));
    return Fail(ErrorCode::kUnavailable, fmt::format("{} did not answer in time", host));
  });
}

}  // namespace sightline::http
