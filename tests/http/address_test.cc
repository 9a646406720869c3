// SPDX-License-Identifier: BSD-3-Clause
#include "http/address.h"

#include <string>
#include <vector>

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using testing::IsErrorWith;
using testing::IsOk;

TEST(AddressTest, PublicAddressesArePublic) {
  for (const char* address : {"8.8.8.8", "1.1.1.1", "93.184.216.34", "172.15.255.255", "172.32.0.1", "100.63.255.255",
                              "100.128.0.1", "192.167.1.1", "223.255.255.255", "2606:4700:4700::1111",
                              "2a00:1450:4001:81b::200e", "[2606:4700::1]", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"}) {
    EXPECT_TRUE(IsPublicAddress(address)) << address;
  }
}

TEST(AddressTest, OwnAndPrivateNetworksAreNotPublic) {
  for (const char* address :
       {"0.0.0.0",     "0.1.2.3",         "10.0.0.1",        "10.255.255.255", "100.64.0.1",     "127.0.0.1",
        "127.255.0.1", "169.254.169.254", "172.16.0.1",      "172.31.255.255", "192.0.0.1",      "192.0.2.1",
        "192.88.99.1", "192.168.0.1",     "192.168.255.255", "198.18.0.1",     "198.19.255.255", "198.51.100.7",
        "203.0.113.7", "224.0.0.1",       "239.255.255.255", "240.0.0.1",      "255.255.255.255"}) {
    EXPECT_FALSE(IsPublicAddress(address)) << address;
    EXPECT_FALSE(IsPublicAddress(std::string("::ffff:") + address)) << "mapped " << address;
    EXPECT_FALSE(IsPublicAddress(std::string("64:ff9b::") + address)) << "NAT64 " << address;
  }
}

TEST(AddressTest, SpecialIpv6AddressesAreNotPublic) {
  for (const char* address : {"::",
                              "::1",
                              "[::1]",
                              "::127.0.0.1",
                              "::8.8.8.8",
                              "fe80::1",
                              "fe80::1%lo",
                              "fec0::1",
                              "fc00::1",
                              "fd12:3456::1",
                              "ff02::1",
                              "2001::1",
                              "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                              "2001:db8::1",
                              "2001:20::1",
                              "2002:7f00:1::",
                              "2002:808:808::",
                              "3fff::1",
                              "100::1",
                              "64:ff9b:1::808:808",
                              "5f00::1",
                              "::ffff:0:127.0.0.1",
                              "4000::1"}) {
    EXPECT_FALSE(IsPublicAddress(address)) << address;
  }
}

TEST(AddressTest, WhatIsNoAddressIsNeither) {
  for (const char* text : {"", "localhost", "example.com", "127.1", "0x7f.0.0.1", "2130706433", "8.8.8.8:80", "8.8.8",
                           "8.8.8.8 ", "[]", "[8.8.8.8", "1.2.3.4.5"}) {
    EXPECT_FALSE(IsPublicAddress(text)) << text;
    EXPECT_FALSE(IsLoopbackAddress(text)) << text;
  }
}

TEST(AddressTest, LoopbackIsOnlyThisMachine) {
  for (const char* address : {"127.0.0.1", "127.1.2.3", "::1", "[::1]", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(IsLoopbackAddress(address)) << address;
  }
  for (const char* address : {"0.0.0.0", "::", "192.168.1.1", "128.0.0.1", "::2", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(IsLoopbackAddress(address)) << address;
  }
}

TEST(AddressRangesTest, NetworksContainTheirAddresses) {
  const auto ranges = AddressRanges::Parse(std::vector<std::string>{"192.168.1.0/24", "fd00::/8", "10.0.0.7"});
  ASSERT_THAT(ranges, IsOk());
  for (const char* address : {"192.168.1.0", "192.168.1.255", "::ffff:192.168.1.9", "fd12::1", "10.0.0.7"}) {
    EXPECT_TRUE(ranges->Contains(address)) << address;
  }
  for (const char* address : {"192.168.2.0", "192.168.0.255", "fc00::1", "10.0.0.6", "", "nas", "::1"}) {
    EXPECT_FALSE(ranges->Contains(address)) << address;
  }
  EXPECT_FALSE(AddressRanges().Contains("10.0.0.7"));
}

TEST(AddressRangesTest, PrefixesOfEveryLengthWork) {
  const auto all = AddressRanges::Parse(std::vector<std::string>{"0.0.0.0/0"});
  ASSERT_THAT(all, IsOk());
  EXPECT_TRUE(all->Contains("9.9.9.9"));
  EXPECT_FALSE(all->Contains("::1"));
  const auto odd = AddressRanges::Parse(std::vector<std::string>{"10.128.0.0/9"});
  ASSERT_THAT(odd, IsOk());
  EXPECT_TRUE(odd->Contains("10.200.0.1"));
  EXPECT_FALSE(odd->Contains("10.127.0.1"));
}

TEST(AddressRangesMalformedTest, WhatIsNoNetworkIsRefusedByName) {
  for (const char* network :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0/8", "fd00::/129", "nas.local"}) {
    EXPECT_THAT(AddressRanges::Parse(std::vector<std::string>{network}),
                IsErrorWith(ErrorCode::kInvalidArgument, network));
  }
}

}  // namespace
}  // namespace sightline::http
