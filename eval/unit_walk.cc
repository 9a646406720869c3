// SPDX-License-Identifier: BSD-3-Clause
#include "eval/unit_walk.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

namespace sightline::eval {
namespace {

constexpr size_t kUnitsPerRead = 512;

}  // namespace

Status ForEachUnit(const storage::Collection& collection, const Limits& limits,
                   const std::function<void(const storage::UnitRecord&)>& visit) {
  std::vector<UnitId> waiting;
  const auto read_waiting = [&]() -> Status {
    for (auto rest = std::span<const UnitId>(waiting); !rest.empty();) {
      SL_RETURN_IF_ERROR(limits.Check("read the vectors"));
      const auto some = rest.first(std::min(kUnitsPerRead, rest.size()));
      rest = rest.subspan(some.size());
      SL_ASSIGN_OR_RETURN(const auto units, collection.records().GetUnits(some));
      for (const auto& unit : units) {
        if (unit) visit(*unit);
      }
    }
    waiting.clear();
    return {};
  };
  Status read;
  SL_RETURN_IF_ERROR(collection.ForEachItem([&](const storage::ItemRecord& item) {
    waiting.insert(waiting.end(), item.units.begin(), item.units.end());
    if (waiting.size() >= kUnitsPerRead) read = read_waiting();
    return read.has_value();
  }));
  SL_RETURN_IF_ERROR(read);
  return read_waiting();
}

}  // namespace sightline::eval
