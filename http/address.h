// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::http {

/// Whether an address is only reached from this machine: 127.0.0.0/8, ::1, and the former inside the latter's form.
/// @param address  numbers, as "127.0.0.1" or "::1", also in brackets. Anything else: false.
bool IsLoopbackAddress(std::string_view address);

/// Whether an address belongs to a machine on the public internet, so that fetching from it tells the asker nothing
/// about this machine or its network: global unicast, and in none of the special-purpose ranges of IANA's registries
/// (RFC 6890). A mapped IPv4 address (::ffff:0:0/96) and one behind NAT64 (64:ff9b::/96) count as the IPv4 address;
/// other ways of wrapping one (6to4, Teredo) are not public.
/// @param address  as IsLoopbackAddress has it.
bool IsPublicAddress(std::string_view address);

/// Networks in CIDR form, as "192.168.1.0/24" or "fd00::/8". Immutable.
class AddressRanges {
 public:
  AddressRanges() = default;
  /// A single address is a network of its own. Errors: kInvalidArgument.
  static Result<AddressRanges> Parse(std::span<const std::string> networks);

  /// A mapped IPv4 address counts as IPv4.
  bool Contains(std::string_view address) const;

 private:
  struct Range {
    std::vector<unsigned char> bytes;  ///< 4 or 16.
    unsigned prefix_bits = 0;
  };
  std::vector<Range> ranges_;
};

}  // namespace sightline::http
