// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "query/search_gatherer.h"

namespace sightline::http {

/// Answers nothing: notes how wide the picture of every search that comes to it is. `widths` must outlive it.
inline std::shared_ptr<query::SearchGatherer> WidthsOfPictures(std::vector<int>& widths) {
  return std::make_shared<query::SearchGatherer>(
      [&widths](std::span<const query::SearchRequest> requests) {
        for (const query::SearchRequest& request : requests) widths.push_back(request.query.picture->width);
        return std::vector<Result<query::SearchAnswer>>(requests.size(), Fail(ErrorCode::kUnavailable, "a test"));
      },
      query::GatherOptions());
}

}  // namespace sightline::http
