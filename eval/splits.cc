// SPDX-License-Identifier: BSD-3-Clause
#include "eval/splits.h"

#include <fmt/format.h>

namespace sightline::eval {

bool SplitFilter::Take(const std::string& split) {
  ++counts_[split];
  return takes_all() || split == wanted_;
}

Status SplitFilter::Check() const {
  if (takes_all() ? !counts_.empty() : counts_.contains(wanted_)) return {};
  std::string there;
  for (const auto& [split, count] : counts_) {
    there += fmt::format("{}{} ({})", there.empty() ? "" : ", ", split.empty() ? "no split" : split, count);
  }
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("nothing of split \"{}\"; the file has {}", wanted_, there.empty() ? "no pictures" : there));
}

}  // namespace sightline::eval
