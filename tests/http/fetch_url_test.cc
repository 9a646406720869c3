// SPDX-License-Identifier: BSD-3-Clause
#include "http/fetch_url.h"

#include <vector>

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

FetchUrl Parsed(std::string_view text) {
  auto url = ParseFetchUrl(text);
  EXPECT_THAT(url, IsOk()) << text;
  return url.value_or(FetchUrl{});
}

HostAllowList ListOf(std::vector<std::string> entries) {
  auto list = HostAllowList::Parse(entries);
  EXPECT_THAT(list, IsOk());
  return list.value_or(HostAllowList());
}

TEST(FetchUrlTest, PartsAreTakenApart) {
  const FetchUrl url = Parsed("HTTPS://Images.Example.COM:8443/a%20b/c.jpg?size=1&x=%2F#part");
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.host, "images.example.com");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.target, "/a%20b/c.jpg?size=1&x=%2F");
  EXPECT_EQ(url.HostField(), "images.example.com:8443");
  EXPECT_EQ(url.Text(), "https://images.example.com:8443/a%20b/c.jpg?size=1&x=%2F");
}

TEST(FetchUrlTest, WhatIsLeftOutIsThatOfTheScheme) {
  EXPECT_EQ(Parsed("http://a").port, 80);
  EXPECT_EQ(Parsed("https://a").port, 443);
  EXPECT_EQ(Parsed("http://a").target, "/");
  EXPECT_EQ(Parsed("http://a?q").target, "/?q");
  EXPECT_EQ(Parsed("http://a:80/").HostField(), "a");
  EXPECT_EQ(Parsed("http://[2001:DB8::1]/x").host, "2001:db8::1");
  EXPECT_EQ(Parsed("http://[2001:DB8::1]:81/x").HostField(), "[2001:db8::1]:81");
}

TEST(FetchUrlMalformedTest, AnythingElseIsRefused) {
  for (const std::string& text : {
           std::string(""),
           std::string("example.com/a.jpg"),
           std::string("/a.jpg"),
           std::string("file:///etc/passwd"),
           std::string("ftp://a/x"),
           std::string("gopher://a/x"),
           std::string("http:///x"),
           std::string("http://"),
           std::string("http://user@a/x"),
           std::string("http://user:pw@a/x"),
           std::string("http://a@b@c/"),
           std::string("http://a:0/"),
           std::string("http://a:99999/"),
           std::string("http://a:x/"),
           std::string("http://a b/"),
           std::string("http://a/x y"),
           std::string("http://a/\r\nHost: b"),
           std::string("http://%6cocalhost/"),
           std::string("http://caf\xC3\xA9/"),
           std::string("http://a\\b/"),
           std::string("http://a\0b/", 11),
           std::string("http://[v1.x]/"),
           std::string("http://[::1%25lo]/"),
           "http://a/" + std::string(5000, 'x'),
           "http://" + std::string(300, 'a') + "/",
       }) {
    EXPECT_THAT(ParseFetchUrl(text), IsError(ErrorCode::kInvalidArgument)) << text;
  }
}

TEST(FetchUrlTest, RedirectsAreResolved) {
  const FetchUrl from = Parsed("http://a.example:81/x/y?z");
  const auto text = [&](std::string_view location) {
    const auto next = ResolveRedirect(from, location);
    return next ? next->Text() : next.error().message;
  };
  EXPECT_EQ(text("z.jpg"), "http://a.example:81/x/z.jpg");
  EXPECT_EQ(text("/z.jpg"), "http://a.example:81/z.jpg");
  EXPECT_EQ(text("../z.jpg"), "http://a.example:81/z.jpg");
  EXPECT_EQ(text("//b.example/z"), "http://b.example/z");
  EXPECT_EQ(text("https://b.example/z"), "https://b.example/z");
  EXPECT_THAT(ResolveRedirect(from, "file:///etc/passwd"), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ResolveRedirect(from, "http://u@b/"), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ResolveRedirect(from, "http://b c/"), IsError(ErrorCode::kInvalidArgument));
}

TEST(HostAllowListTest, NamesAreTheWholeName) {
  const HostAllowList list = ListOf({"Images.example.com"});
  EXPECT_TRUE(list.Allows(Parsed("http://images.example.com/")));
  EXPECT_TRUE(list.Allows(Parsed("https://images.example.com/")));
  for (const char* url : {"http://example.com/", "http://x.images.example.com/", "http://images.example.com.evil.net/",
                          "http://ximages.example.com/", "http://images.example.com:8080/",
                          "https://images.example.com:80/", "http://images.example.com./"}) {
    EXPECT_FALSE(list.Allows(Parsed(url))) << url;
  }
}

TEST(HostAllowListTest, AStarStandsForNamesBelowOrForAll) {
  const HostAllowList below = ListOf({"*.example.com"});
  EXPECT_TRUE(below.Allows(Parsed("http://a.example.com/")));
  EXPECT_TRUE(below.Allows(Parsed("http://a.b.example.com/")));
  EXPECT_FALSE(below.Allows(Parsed("http://example.com/")));
  EXPECT_FALSE(below.Allows(Parsed("http://evilexample.com/")));
  const HostAllowList all = ListOf({"*"});
  EXPECT_TRUE(all.Allows(Parsed("https://anything.example/")));
  EXPECT_FALSE(all.Allows(Parsed("https://anything.example:22/")));
}

TEST(HostAllowListTest, PortsAreThoseOfTheEntry) {
  const HostAllowList list = ListOf({"nas.local:8080", "*.lan:81", "[::1]:82", "192.168.1.5"});
  EXPECT_TRUE(list.Allows(Parsed("http://nas.local:8080/")));
  EXPECT_FALSE(list.Allows(Parsed("http://nas.local/")));
  EXPECT_TRUE(list.Allows(Parsed("http://a.lan:81/")));
  EXPECT_TRUE(list.Allows(Parsed("http://[::1]:82/")));
  EXPECT_TRUE(list.Allows(Parsed("http://192.168.1.5/")));
  EXPECT_FALSE(HostAllowList().Allows(Parsed("http://nas.local/")));
}

TEST(HostAllowListMalformedTest, WhatNamesNoHostsIsRefused) {
  for (const char* entry : {"", ":80", "a:", "a:x", "a:70000", "http://a", "a/b", "a b", "*a.example", "a.*.example",
                            "*.", "[::1", "%6c"}) {
    EXPECT_THAT(HostAllowList::Parse(std::vector<std::string>{entry}), IsErrorWith(ErrorCode::kInvalidArgument, entry));
  }
}

}  // namespace
}  // namespace sightline::http
