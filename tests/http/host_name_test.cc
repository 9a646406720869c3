// SPDX-License-Identifier: BSD-3-Clause
#include "http/host_name.h"

#include <vector>

#include <gtest/gtest.h>

namespace sightline::http {
namespace {

TEST(HostNameTest, PortsAndBracketsAreLeftOut) {
  EXPECT_EQ(HostNameOf("photos.home"), "photos.home");
  EXPECT_EQ(HostNameOf("photos.home:8080"), "photos.home");
  EXPECT_EQ(HostNameOf("127.0.0.1:80"), "127.0.0.1");
  EXPECT_EQ(HostNameOf("[::1]:80"), "::1");
  EXPECT_EQ(HostNameOf("[::1]"), "::1");
  EXPECT_EQ(HostNameOf("::1"), "::1");
}

TEST(HostNameMalformedTest, WhatIsNoHostIsNoName) {
  EXPECT_EQ(HostNameOf(""), "");
  EXPECT_EQ(HostNameOf(":80"), "");
  EXPECT_EQ(HostNameOf("["), "[");
  EXPECT_EQ(HostNameOf("[::1"), "[::1");
}

TEST(HostNameTest, NamesAreComparedWithoutCase) {
  const std::vector<std::string> names = {"photos.home"};
  EXPECT_TRUE(IsOneOfHosts("Photos.Home:8080", names));
  EXPECT_FALSE(IsOneOfHosts("photos.home.example", names));
  EXPECT_FALSE(IsOneOfHosts("photos.home", {}));
}

}  // namespace
}  // namespace sightline::http
