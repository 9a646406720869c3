// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sightline {

/// A reading of `<file>#<name>`: a member of an archive, a caption of a captions file.
struct LocationSplit {
  std::string file;
  std::string name;  ///< What follows the '#'; may be empty.
};

/// Every reading of an item's location as a name within a file, shortest file first: files and names may have a '#' of
/// their own, so each may be the one that parts them. Empty for a location without '#'. Only the disk knows which one
/// is meant, and whether the location is not simply a file.
inline std::vector<LocationSplit> SplitsOf(std::string_view location) {
  std::vector<LocationSplit> splits;
  for (size_t hash = location.find('#'); hash != std::string_view::npos; hash = location.find('#', hash + 1)) {
    splits.push_back({std::string(location.substr(0, hash)), std::string(location.substr(hash + 1))});
  }
  return splits;
}

}  // namespace sightline
