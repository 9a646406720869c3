// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
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

/// The first value of `key` when it is a T, or null.
template <typename T>
const T* FirstValue(const Metadata& metadata, std::string_view key) {
  const auto found = metadata.find(key);
  return found == metadata.end() || found->second.empty() ? nullptr : std::get_if<T>(&found->second[0]);
}

/// Keys that Sightline fills itself. What a manifest says about one of them wins over what the file says, except for
/// those that start with "sightline.", which are refused in every input.
namespace metadata_key {
inline constexpr std::string_view kText = "text";             ///< Keyword: the words of a caption.
inline constexpr std::string_view kCaptionOf = "caption_of";  ///< Keyword: path of the item that a caption describes.
inline constexpr std::string_view kTakenAt = "taken_at";      ///< Time: when a picture or video was made.
inline constexpr std::string_view kCamera = "camera";         ///< Keyword: maker and model.
inline constexpr std::string_view kLatitude = "latitude";     ///< Float: degrees, north positive.
inline constexpr std::string_view kLongitude = "longitude";   ///< Float: degrees, east positive.
inline constexpr std::string_view kDuration = "duration";     ///< Float: seconds of a video.
/// Integer: how many clips a video has when it is complete. Its item is still being indexed while it has fewer units.
inline constexpr std::string_view kClipsPlanned = "sightline.clips_planned";
/// Integer: how many clips the whole video would have; only where a limit left some of them out.
inline constexpr std::string_view kClipsInVideo = "sightline.clips_in_video";
/// Boolean, true: a caption is longer than what the model reads; its end was ignored.
inline constexpr std::string_view kTruncated = "sightline.truncated";
}  // namespace metadata_key

}  // namespace sightline
