// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/metadata.h"
#include "media/source.h"

namespace sightline::indexer {

/// Where the bytes of a tar member lie in its shard.
struct MemberRange {
  std::filesystem::path shard;  ///< Absolute, all links resolved.
  uint64_t offset_bytes = 0;
  uint64_t size_bytes = 0;
};

/// Something that an input source came across: a file or tar member to index, a caption, or something that it could not
/// take.
struct InputEntry {
  /// Under which the item is stored. A file's: absolute, all links resolved, any bytes. A member's: `<shard>#<member>`;
  /// a caption's: `<file it was read from>#<id>`.
  std::string path;
  std::string error;                  ///< Not empty: why the source could not take it.
  std::optional<MemberRange> member;  ///< Tar members only.
  std::optional<std::string> words;   ///< Captions only.
  /// What the source says about the item: all of it, so that a key that is not there any more goes. Absent: the source
  /// says nothing, and what is stored stays.
  std::optional<Metadata> metadata;

  bool is_caption() const { return words.has_value(); }
};

inline InputEntry FileEntry(const std::filesystem::path& path) {
  InputEntry entry;
  entry.path = path.string();
  return entry;
}

inline InputEntry FailedEntry(std::string path, std::string error) {
  InputEntry entry;
  entry.path = std::move(path);
  entry.error = std::move(error);
  return entry;
}

/// `metadata` is what is said beside the words and what they describe; `caption_of` may be empty.
InputEntry CaptionEntry(std::string path, std::string words, std::string caption_of, Metadata metadata);

/// The file on disk that holds the entry's bytes. Not for captions.
std::filesystem::path FileOf(const InputEntry& entry);

/// The entry's bytes. Not for captions.
media::Source SourceOf(const InputEntry& entry);

}  // namespace sightline::indexer
