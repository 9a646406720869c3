// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "tests/query/query_fixture.h"

namespace sightline::query {

/// Three pictures: "red" likes purple.png better by its mean colour, and spot.png better by its best patch.
class SearcherTest : public QueryFixture {
 protected:
  SearcherTest() {
    purple_ = Add(MakePicture(kPurple), AddOptions{.path = "/p/purple.png", .metadata = {{"tags", {"warm"}}}});
    spot_ = Add(MakePicture(kBlue, kRed), "/p/spot.png");
    green_ = Add(MakePicture(kGreen), "/p/green.png");
  }

  ItemId purple_;
  ItemId spot_;
  ItemId green_;
};

}  // namespace sightline::query
