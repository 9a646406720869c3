// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/video_preparer.h"

#include <string_view>
#include <utility>

#include "media/content_hash.h"
#include "media/image.h"
#include "media/video_reader.h"

namespace sightline::indexer {
namespace {

bool IsGifName(std::string_view name) {
  constexpr std::string_view kGif = ".gif";
  if (name.size() < kGif.size()) return false;
  const std::string_view end = name.substr(name.size() - kGif.size());
  return std::equal(end.begin(), end.end(), kGif.begin(), [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

}  // namespace

bool IsVideo(const InputEntry& entry) {
  if (media::HasVideoExtension(entry.path)) return true;
  if (media::HasImageExtension(entry.path) && !IsGifName(entry.path)) return false;
  return media::LooksLikeVideo(SourceOf(entry)).value_or(false);
}

Status PrepareVideo(WorkItem& item, const ContentKnown& is_known, std::stop_token stop) {
  if (item.location.size_bytes == 0) {
    item.Fail("the file is empty");
    return {};
  }
  auto hash = media::HashContent(SourceOf(item.input), {.stop = std::move(stop)});
  if (!hash) {
    if (hash.error().code != ErrorCode::kCancelled) item.Fail(std::move(hash.error().message));
    return {};
  }
  item.hash = *hash;
  SL_ASSIGN_OR_RETURN(const bool known, is_known(item.hash));
  item.state = known ? WorkState::kKnownContent : WorkState::kNewContent;
  item.video.emplace();
  return {};
}

}  // namespace sightline::indexer
