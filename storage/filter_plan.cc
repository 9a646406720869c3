// SPDX-License-Identifier: BSD-3-Clause
#include "storage/filter_plan.h"

#include "base/check.h"

namespace sightline::storage {

std::string_view NameOf(FilterStrategy strategy) {
  switch (strategy) {
    case FilterStrategy::kNone:
      return "none";
    case FilterStrategy::kDirectScan:
      return "direct scan";
    case FilterStrategy::kSelector:
      return "selector";
    case FilterStrategy::kPostFilter:
      return "post-filter";
  }
  CheckFailed("NameOf: not a FilterStrategy", __FILE__, __LINE__);
}

bool AsksMetadata(const Filter& filter) {
  return !filter.must.empty() || !filter.should.empty() || !filter.must_not.empty();
}

}  // namespace sightline::storage
