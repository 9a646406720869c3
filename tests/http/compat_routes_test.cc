// SPDX-License-Identifier: BSD-3-Clause
#include "http/compat_routes.h"

#include "tests/http/compat_fixture.h"

namespace sightline::http {
namespace {

TEST_F(CompatRoutesTest, EveryRouteIsDocumented) {
  const auto documented = Document().Operations();
  for (const Route& route : router_->routes()) {
    const testing::OpenApiChecker::Operation operation = {route.method == Method::kGet ? "get" : "post", route.pattern,
                                                          route.operation};
    EXPECT_THAT(documented, ::testing::Contains(operation)) << route.operation;
    const auto statuses = Document().StatusesOf(route.operation);
    for (const int status : {400, 401, 403, 408, 413, 431, 500, 503}) {
      EXPECT_TRUE(statuses.contains(status)) << route.operation << " " << status;
    }
  }
  EXPECT_THAT(Document().CheckDocument(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace sightline::http
