// SPDX-License-Identifier: BSD-3-Clause
#include "http/router.h"

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

Route MakeRoute(Method method, std::string pattern, std::string operation, Access access = Access::kRead) {
  return {.method = method,
          .pattern = std::move(pattern),
          .operation = std::move(operation),
          .access = access,
          .handler = [](const std::shared_ptr<const Request>&, const Reply&) {}};
}

Router MakeRouter() {
  Router router;
  router.Add(MakeRoute(Method::kGet, "/", "page"));
  router.Add(MakeRoute(Method::kGet, "/v1/collections", "list"));
  router.Add(MakeRoute(Method::kGet, "/v1/collections/{c}", "describe"));
  router.Add(MakeRoute(Method::kPut, "/v1/collections/{c}", "create"));
  router.Add(MakeRoute(Method::kPost, "/v1/collections/{c}/search", "search"));
  router.Add(MakeRoute(Method::kPost, "/v1/collections/{c}/{anything}", "other"));
  router.Add(MakeRoute(Method::kGet, "/v1/collections/{c}/items/{id}", "item"));
  return router;
}

std::string OperationOf(const Router& router, Method method, std::string_view path) {
  const Match match = router.Find(method, path);
  return match.route == nullptr ? "" : match.route->operation;
}

TEST(RouterTest, FindsByMethodAndPath) {
  const Router router = MakeRouter();
  EXPECT_EQ(OperationOf(router, Method::kGet, "/"), "page");
  EXPECT_EQ(OperationOf(router, Method::kGet, "/v1/collections"), "list");
  EXPECT_EQ(OperationOf(router, Method::kPut, "/v1/collections/a"), "create");
  EXPECT_EQ(OperationOf(router, Method::kGet, "/v1/collections/a"), "describe");
}

TEST(RouterTest, ParametersAreDecodedSegments) {
  const Router router = MakeRouter();
  const Match match = router.Find(Method::kGet, "/v1/collections/my%20photos/items/a%2Fb");
  ASSERT_NE(match.route, nullptr);
  EXPECT_THAT(match.parameters, UnorderedElementsAre(Pair("c", "my photos"), Pair("id", "a/b")));
}

TEST(RouterTest, LiteralSegmentsWin) {
  const Router router = MakeRouter();
  EXPECT_EQ(OperationOf(router, Method::kPost, "/v1/collections/a/search"), "search");
  EXPECT_EQ(OperationOf(router, Method::kPost, "/v1/collections/a/find"), "other");
}

TEST(RouterTest, HeadIsAnsweredByGet) {
  const Router router = MakeRouter();
  EXPECT_EQ(OperationOf(router, Method::kHead, "/v1/collections/a"), "describe");
  EXPECT_EQ(OperationOf(router, Method::kHead, "/v1/collections/a/search"), "");
}

TEST(RouterTest, AnotherMethodIsToldWhatIsAllowed) {
  const Router router = MakeRouter();
  const Match match = router.Find(Method::kDelete, "/v1/collections/a");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_THAT(match.allowed, ElementsAre(Method::kGet, Method::kHead, Method::kPut, Method::kOptions));
}

TEST(RouterTest, UnknownPathsAreNotFound) {
  const Router router = MakeRouter();
  for (const char* path :
       {"/v1", "/v1/collections/", "/v1/collections//items/1", "/v1/collections/a/items/1/", "//", "/V1/collections"}) {
    const Match match = router.Find(Method::kGet, path);
    EXPECT_EQ(match.route, nullptr) << path;
    EXPECT_THAT(match.allowed, IsEmpty()) << path;
    EXPECT_FALSE(match.bad_path) << path;
  }
}

TEST(RouterMalformedTest, BrokenPathsAreBad) {
  const Router router = MakeRouter();
  for (const char* path : {"", "*", "v1", "/v1/collections/%", "/v1/collections/%00", "http://host/"}) {
    EXPECT_TRUE(router.Find(Method::kGet, path).bad_path) << path;
  }
}

TEST(RouterDeathTest, ARouteIsAddedOnce) {
  Router router = MakeRouter();
  EXPECT_DEATH(router.Add(MakeRoute(Method::kGet, "/", "again")), "pattern");
}

TEST(AuthoriseTest, CollectionOfTheRouteIsChecked) {
  const Principal reader = {.name = "k", .admin = false, .collections = {"a"}};
  const Route read = MakeRoute(Method::kGet, "/v1/collections/{c}", "describe");
  EXPECT_THAT(Authorise(read, {{"c", "a"}}, reader), testing::IsOk());
  EXPECT_THAT(Authorise(read, {{"c", "b"}}, reader), testing::IsErrorWith(ErrorCode::kFailedPrecondition, "key k"));
  EXPECT_THAT(Authorise(read, {}, reader), testing::IsOk());
}

TEST(AuthoriseTest, ScopesAreChecked) {
  const Principal reader = {.name = "k", .admin = false};
  const Principal owner = {.name = "k", .admin = true, .collections = {"a"}};
  const Route write = MakeRoute(Method::kPost, "/{c}", "write", Access::kWrite);
  const Route administer = MakeRoute(Method::kPut, "/{c}", "create", Access::kAdmin);
  EXPECT_THAT(Authorise(write, {{"c", "a"}}, reader), testing::IsError(ErrorCode::kFailedPrecondition));
  EXPECT_THAT(Authorise(write, {{"c", "a"}}, owner), testing::IsOk());
  EXPECT_THAT(Authorise(write, {{"c", "b"}}, owner), testing::IsError(ErrorCode::kFailedPrecondition));
  EXPECT_THAT(Authorise(administer, {{"c", "a"}}, owner), testing::IsError(ErrorCode::kFailedPrecondition));
  EXPECT_THAT(Authorise(administer, {{"c", "a"}}, Principal()), testing::IsOk());
  const Route overview = MakeRoute(Method::kGet, "/", "overview", Access::kReadAll);
  EXPECT_THAT(Authorise(overview, {}, owner), testing::IsErrorWith(ErrorCode::kFailedPrecondition, "all collections"));
  EXPECT_THAT(Authorise(overview, {}, reader), testing::IsOk());
  EXPECT_THAT(Authorise(MakeRoute(Method::kGet, "/", "page", Access::kOpen), {}, reader), testing::IsOk());
}

}  // namespace
}  // namespace sightline::http
