// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace sightline {

/// Seconds since 1970-01-01 UTC.
struct Timestamp {
  int64_t seconds = 0;
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

/// One typed metadata value: keyword, integer, float, time or boolean. The variant's order is stored on disk.
using MetadataValue = std::variant<std::string, int64_t, double, Timestamp, bool>;

/// A key has one or more values of any type ("tags": ["a", "b"]). Keys are UTF-8, case-sensitive.
using Metadata = std::map<std::string, std::vector<MetadataValue>, std::less<>>;

}  // namespace sightline
