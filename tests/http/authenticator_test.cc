// SPDX-License-Identifier: BSD-3-Clause
#include "http/authenticator.h"

#include <vector>

#include "http/base64.h"
#include "http/key_file.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using testing::IsErrorWith;
using testing::IsOk;
using testing::TempDir;
using testing::WriteTestFile;

class AuthenticatorTest : public ::testing::Test {
 protected:
  std::string Add(const NewKey& wanted) { return AddKey(KeyFilePath(dir_.path()), wanted).value_or(""); }

  // The status that a request is refused with, or 200.
  int Ask(const Headers& headers, Method method = Method::kGet) {
    if (!authenticator_) Make({});
    Request request;
    request.method = method;
    request.headers = headers;
    last_ = (*authenticator_)(request);
    if (last_) return 200;
    return last_.error().status != 0 ? last_.error().status : StatusOf(last_.error().error.code);
  }
  void Make(AuthenticatorOptions options) {
    auto ring = KeyRing::Open(KeyFilePath(dir_.path()));
    ASSERT_THAT(ring, IsOk());
    authenticator_ = std::make_unique<KeyAuthenticator>(*std::move(ring), std::move(options));
  }

  TempDir dir_;
  std::unique_ptr<KeyAuthenticator> authenticator_;
  ProblemOr<Principal> last_;
};

TEST_F(AuthenticatorTest, AKeySaysWhoAsks) {
  const std::string reader = Add({.name = "reader", .collections = {"photos"}});
  const std::string admin = Add({.name = "boss", .admin = true});
  ASSERT_EQ(Ask({{"Authorization", "Bearer " + reader}}), 200);
  EXPECT_EQ(last_->name, "reader");
  EXPECT_FALSE(last_->admin);
  EXPECT_TRUE(last_->MayRead("photos"));
  EXPECT_FALSE(last_->MayWrite("photos"));
  EXPECT_FALSE(last_->MayRead("films"));
  ASSERT_EQ(Ask({{"Authorization", "Bearer " + admin}}), 200);
  EXPECT_TRUE(last_->MayWrite("films"));
  EXPECT_TRUE(last_->MayAdminister());
}

TEST_F(AuthenticatorTest, WithoutAKnownKeyNobodyGetsIn) {
  const std::string key = Add({.name = "a"});
  EXPECT_EQ(Ask({}), 401);
  EXPECT_EQ(last_.error().headers.Find("WWW-Authenticate"), "Bearer realm=\"sightline\"");
  for (const std::string& field : {std::string("Bearer sl_wrong"), std::string("Bearer"), std::string("Bearer "), key,
                                   std::string(), "Bearer" + key, "Token " + key, std::string("Basic !"),
                                   std::string("Basic bm9jb2xvbg=="), "Bearer " + key + "x", "Bearer " + key + " x"}) {
    EXPECT_EQ(Ask({{"Authorization", field}}), 401) << field;
  }
  EXPECT_EQ(Ask({{"X-Api-Key", "sl_wrong"}}), 401);
  EXPECT_EQ(Ask({{"Host", "localhost"}}), 401);
}

TEST_F(AuthenticatorTest, RevokedKeysAreRefusedAtOnce) {
  const std::string key = Add({.name = "a"});
  EXPECT_EQ(Ask({{"Authorization", "Bearer " + key}}), 200);
  ASSERT_THAT(RevokeKey(KeyFilePath(dir_.path()), "a"), IsOk());
  EXPECT_EQ(Ask({{"Authorization", "Bearer " + key}}), 401);
  EXPECT_EQ(Ask({}), 401);
}

TEST_F(AuthenticatorTest, UnreadableKeysAreUnavailable) {
  const std::string key = Add({.name = "a"});
  EXPECT_EQ(Ask({{"Authorization", "Bearer " + key}}), 200);
  WriteTestFile(KeyFilePath(dir_.path()), "no keys");
  EXPECT_EQ(Ask({{"Authorization", "Bearer " + key}}), 503);
}

TEST_F(AuthenticatorTest, KeysComeInTheFieldsThatClientsSend) {
  const std::string key = Add({.name = "a"});
  EXPECT_EQ(Ask({{"authorization", "bearer  " + key + " "}}), 200);
  EXPECT_EQ(Ask({{"X-API-Key", key}}), 200);
  const std::string pair = "user:" + key;
  const std::string basic = "Basic " + EncodeBase64(std::as_bytes(std::span(pair)));
  EXPECT_EQ(Ask({{"Authorization", basic}}, Method::kPost), 200);
}

TEST_F(AuthenticatorTest, TheCookieCountsOnlyWhereNothingIsChanged) {
  const std::string key = Add({.name = "a"});
  const Headers cookie = {{"Cookie", "theme=dark; sightline_key=" + key + "; x=y"}};
  EXPECT_EQ(Ask(cookie, Method::kGet), 200);
  EXPECT_EQ(Ask(cookie, Method::kHead), 200);
  for (const Method method : {Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
    EXPECT_EQ(Ask(cookie, method), 401) << NameOf(method);
  }
  EXPECT_EQ(Ask({{"Cookie", "sightline_key=sl%5Fwrong"}}), 401);
  EXPECT_EQ(Ask({{"Cookie", "xsightline_key=" + key}}), 401);
  EXPECT_EQ(Ask({{"Cookie", "sightline_key; ;=;sightline_key=%zz"}}), 401);
  // A wrong key in a field is not saved by a right one in a cookie.
  EXPECT_EQ(Ask({{"Authorization", "Bearer x"}, {"Cookie", "sightline_key=" + key}}), 401);
}

TEST_F(AuthenticatorTest, WithoutKeysThisMachineIsItsOwner) {
  EXPECT_EQ(Ask({{"Host", "localhost:8080"}}), 200);
  EXPECT_EQ(last_->name, "local");
  EXPECT_TRUE(last_->MayAdminister());
  EXPECT_EQ(Ask({{"Host", "127.0.0.1:8080"}, {"Origin", "http://127.0.0.1:8080"}}, Method::kPost), 200);
  EXPECT_EQ(Ask({{"Host", "[::1]:8080"}, {"Origin", "http://[::1]:8080"}}, Method::kPost), 200);
  EXPECT_EQ(Ask({}), 200);
}

TEST_F(AuthenticatorTest, WithoutKeysPagesOfOthersAreRefused) {
  const auto post = [&](const std::string& origin) {
    return Ask({{"Host", "localhost:8080"}, {"Origin", origin}}, Method::kPost);
  };
  for (const char* origin : {"https://evil.example", "null", "http://localhost:9090", "http://localhost",
                             "localhost:8080", "http://localhost:8080.evil.example", ""}) {
    EXPECT_EQ(post(origin), 403) << origin;
  }
  const auto fetch = [&](const std::string& site, const std::string& mode) {
    return Ask({{"Host", "localhost:8080"}, {"Sec-Fetch-Site", site}, {"Sec-Fetch-Mode", mode}});
  };
  EXPECT_EQ(fetch("cross-site", "no-cors"), 403);
  EXPECT_EQ(fetch("cross-site", "navigate"), 200);  // Somebody follows a link.
  EXPECT_EQ(fetch("same-origin", "no-cors"), 200);
  EXPECT_EQ(fetch("none", "navigate"), 200);
}

TEST_F(AuthenticatorTest, WithoutKeysTheServersOwnNamesAreTaken) {
  EXPECT_EQ(Ask({{"Host", "photos.home:8080"}}), 403);
  Make({.host_names = {"photos.home"}});
  EXPECT_EQ(Ask({{"Host", "photos.home:8080"}}), 200);
  EXPECT_EQ(Ask({{"Host", "photos.home:8080"}, {"Origin", "http://photos.home:8080"}}, Method::kPost), 200);
  EXPECT_EQ(Ask({{"Host", "photos.home:8080"}, {"Origin", "http://evil.example"}}, Method::kPost), 403);
  EXPECT_EQ(Ask({{"Host", "other.home"}}), 403);
}

TEST_F(AuthenticatorTest, WithoutKeysNamesOfOthersAreRefused) {
  for (const char* host : {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
                           "192.168.1.5:8080", "notlocalhost"}) {
    EXPECT_EQ(Ask({{"Host", host}}), 403) << host;
    EXPECT_EQ(Ask({{"Host", host}, {"Origin", std::string("http://") + host}}, Method::kPost), 403) << host;
  }
}

TEST_F(AuthenticatorTest, ConfiguredOriginsMayAsk) {
  Make({.cors_origins = {"https://photos.example"}});
  EXPECT_EQ(Ask({{"Host", "localhost"}, {"Origin", "https://photos.example"}}, Method::kPost), 200);
  EXPECT_EQ(Ask({{"Host", "localhost"}, {"Origin", "http://photos.example"}}, Method::kPost), 403);
}

TEST_F(AuthenticatorTest, AServerThatOthersReachHasAnyNameButNotAnyPage) {
  Make({.local_only = false});
  EXPECT_EQ(Ask({{"Host", "nas:8080"}, {"Origin", "http://nas:8080"}}, Method::kPost), 200);
  EXPECT_EQ(Ask({{"Host", "nas:8080"}, {"Origin", "https://evil.example"}}, Method::kPost), 403);
}

TEST_F(AuthenticatorTest, TheFirstKeyClosesAnOpenServer) {
  EXPECT_EQ(Ask({{"Host", "localhost"}}), 200);
  const std::string key = Add({.name = "a"});
  EXPECT_EQ(Ask({{"Host", "localhost"}}), 401);
  EXPECT_EQ(Ask({{"Host", "nas"}, {"Authorization", "Bearer " + key}}), 200);
}

TEST(ListenHostsTest, OnlyThisMachineWithoutKeys) {
  const auto check = [](const char* host, bool has_keys, bool insecure) {
    return CheckListenHosts(std::vector<std::string>{"127.0.0.1", host}, has_keys, insecure);
  };
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "::1", "localhost", "localhost:80", "a.localhost"}) {
    EXPECT_THAT(check(host, false, false), IsOk()) << host;
  }
  for (const char* host : {"0.0.0.0", "0.0.0.0:8080", "[::]:8080", "::", "192.168.1.5:80", "nas.local:80", "",
                           "localhost.example", ".localhost", "[::1", "::ffff:10.0.0.1"}) {
    EXPECT_THAT(check(host, false, false), IsErrorWith(ErrorCode::kFailedPrecondition, "sightline key add")) << host;
    EXPECT_THAT(check(host, true, false), IsOk()) << host;
    EXPECT_THAT(check(host, false, true), IsOk()) << host;
  }
}

}  // namespace
}  // namespace sightline::http
