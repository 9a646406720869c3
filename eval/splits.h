// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sightline::eval {

/// The name that stands for every picture of a file, whatever its split.
constexpr std::string_view kAllSplits = "all";

/// Which pictures of a file are wanted, and which splits it has. Names are compared exactly.
class SplitFilter {
 public:
  explicit SplitFilter(std::string_view wanted) : wanted_(wanted) {}

  /// Counts a picture. @return whether it is wanted.
  bool Take(const std::string& split);

  bool takes_all() const { return wanted_ == kAllSplits; }

  /// Errors: kInvalidArgument (no picture was wanted; the message lists the splits that are there, with counts).
  Status Check() const;

 private:
  std::string wanted_;
  std::map<std::string, size_t> counts_;
};

}  // namespace sightline::eval
