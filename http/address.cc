// SPDX-License-Identifier: BSD-3-Clause
#include "http/address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include <fmt/format.h>
#include <boost/asio/ip/address.hpp>

namespace sightline::http {
namespace {

namespace ip = boost::asio::ip;

struct Range4 {
  std::array<uint8_t, 4> network;
  unsigned bits;
};
struct Range6 {
  std::array<uint8_t, 16> network;
  unsigned bits;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast.
constexpr Range4 kSpecial4[] = {
    {{0, 0, 0, 0}, 8},        // this network
    {{10, 0, 0, 0}, 8},       // private
    {{100, 64, 0, 0}, 10},    // shared by carriers
    {{127, 0, 0, 0}, 8},      // loopback
    {{169, 254, 0, 0}, 16},   // link-local; metadata services of clouds
    {{172, 16, 0, 0}, 12},    // private
    {{192, 0, 0, 0}, 24},     // IETF protocols
    {{192, 0, 2, 0}, 24},     // documentation
    {{192, 31, 196, 0}, 24},  // AS112
    {{192, 52, 193, 0}, 24},  // AMT
    {{192, 88, 99, 0}, 24},   // relays of 6to4
    {{192, 168, 0, 0}, 16},   // private
    {{192, 175, 48, 0}, 24},  // AS112
    {{198, 18, 0, 0}, 15},    // benchmarks
    {{198, 51, 100, 0}, 24},  // documentation
    {{203, 0, 113, 0}, 24},   // documentation
    {{224, 0, 0, 0}, 4},      // multicast
    {{240, 0, 0, 0}, 4},      // reserved; broadcast
};

// Of 2000::/3, which is all that is global unicast: https://www.iana.org/assignments/iana-ipv6-special-registry.
constexpr Range6 kGlobalUnicast6 = {{0x20}, 3};
constexpr Range6 kSpecial6[] = {
    {{0x20, 0x01}, 23},                          // IETF protocols; Teredo, benchmarks, ORCHID
    {{0x20, 0x01, 0x0d, 0xb8}, 32},              // documentation
    {{0x20, 0x02}, 16},                          // 6to4
    {{0x26, 0x20, 0x00, 0x4f, 0x80, 0x00}, 48},  // AS112
    {{0x3f, 0xff}, 20},                          // documentation
};
constexpr Range6 kMapped = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
constexpr Range6 kNat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};

bool SamePrefix(const uint8_t* a, const uint8_t* b, unsigned bits) {
  const unsigned whole = bits / 8;
  if (!std::equal(a, a + whole, b)) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

template <typename Range, typename Bytes>
bool Within(const Range& range, const Bytes& bytes) {
  return SamePrefix(range.network.data(), bytes.data(), range.bits);
}

bool IsPublic4(const ip::address_v4::bytes_type& bytes) {
  return std::none_of(std::begin(kSpecial4), std::end(kSpecial4),
                      [&](const Range4& range) { return Within(range, bytes); });
}

ip::address_v4::bytes_type LastFour(const ip::address_v6::bytes_type& bytes) {
  return {bytes[12], bytes[13], bytes[14], bytes[15]};
}

bool IsPublic6(const ip::address_v6::bytes_type& bytes) {
  if (Within(kMapped, bytes) || Within(kNat64, bytes)) return IsPublic4(LastFour(bytes));
  return Within(kGlobalUnicast6, bytes) && std::none_of(std::begin(kSpecial6), std::end(kSpecial6),
                                                        [&](const Range6& range) { return Within(range, bytes); });
}

// A mapped IPv4 address comes as IPv4.
std::optional<ip::address> ParseAddress(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  boost::system::error_code error;
  ip::address address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  if (address.is_v6() && Within(kMapped, address.to_v6().to_bytes())) {
    address = ip::address_v4(LastFour(address.to_v6().to_bytes()));
  }
  return address;
}

std::vector<unsigned char> BytesOf(const ip::address& address) {
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

bool IsLoopbackAddress(std::string_view address) {
  const auto parsed = ParseAddress(address);
  return parsed && parsed->is_loopback();
}

bool IsPublicAddress(std::string_view address) {
  const auto parsed = ParseAddress(address);
  if (!parsed) return false;
  return parsed->is_v4() ? IsPublic4(parsed->to_v4().to_bytes()) : IsPublic6(parsed->to_v6().to_bytes());
}

Result<AddressRanges> AddressRanges::Parse(std::span<const std::string> networks) {
  AddressRanges ranges;
  for (const std::string& network : networks) {
    const size_t slash = network.find('/');
    const auto address = ParseAddress(std::string_view(network).substr(0, slash));
    Range range;
    if (address) range.bytes = BytesOf(*address);
    range.prefix_bits = static_cast<unsigned>(range.bytes.size() * 8);
    bool valid = address.has_value();
    if (valid && slash != std::string::npos) {
      const char* const end = network.data() + network.size();
      unsigned bits = 0;
      const auto [stopped, failed] = std::from_chars(network.data() + slash + 1, end, bits);
      valid = failed == std::errc() && stopped == end && bits <= range.prefix_bits;
      range.prefix_bits = bits;
    }
    if (!valid) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("\"{}\" is no network: write it as 192.168.1.0/24 or fd00::/8", network));
    }
    ranges.ranges_.push_back(std::move(range));
  }
  return ranges;
}

bool AddressRanges::Contains(std::string_view address) const {
  const auto parsed = ParseAddress(address);
  if (!parsed) return false;
  const std::vector<unsigned char> bytes = BytesOf(*parsed);
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    return range.bytes.size() == bytes.size() && SamePrefix(range.bytes.data(), bytes.data(), range.prefix_bits);
  });
}

}  // namespace sightline::http
