// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/input_entry.h"

#include <utility>

namespace sightline::indexer {

InputEntry CaptionEntry(std::string path, std::string words, std::string caption_of, Metadata metadata) {
  InputEntry entry;
  entry.path = std::move(path);
  metadata[std::string(metadata_key::kText)] = {words};
  if (!caption_of.empty()) metadata[std::string(metadata_key::kCaptionOf)] = {std::move(caption_of)};
  entry.words = std::move(words);
  entry.metadata = std::move(metadata);
  return entry;
}

std::filesystem::path FileOf(const InputEntry& entry) {
  return entry.member ? entry.member->shard : std::filesystem::path(entry.path);
}

media::Source SourceOf(const InputEntry& entry) {
  if (!entry.member) return media::Source::FromFile(entry.path);
  const MemberRange& member = *entry.member;
  return media::Source::FromFileRange(member.shard, member.offset_bytes, member.size_bytes, entry.path);
}

}  // namespace sightline::indexer
