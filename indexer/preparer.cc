// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/preparer.h"

#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

#include "indexer/caption_preparer.h"
#include "indexer/content_known.h"
#include "indexer/item_metadata.h"
#include "indexer/video_preparer.h"

namespace sightline::indexer {
namespace {

// Note [Unchanged files]
// A file is taken for unchanged when its size and time are those that were stored. The modification time alone would
// not do: it travels with a file that is renamed over another, and tools set it back. The status change time moves with
// each of these, so the later of both is stored. Clocks of file systems are coarse, so a file may change again without
// its time showing it: a time that is younger than this is stored as 0, and the next run reads the file once more. So
// is one that lies in the future, because the clock was set back or a tool set it: it would hide later changes.
// The time of a tar member is that of its shard.
constexpr int64_t kSettledNanos = 100'000'000;

int64_t Nanos(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

int64_t ChangeTime(const struct stat& info) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const int64_t changed = std::max(Nanos(info.st_mtim), Nanos(info.st_ctim));
  return Nanos(now) - changed < kSettledNanos ? 0 : changed;
}

std::string DescribeMode(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder, not a file";
  if (S_ISFIFO(mode)) return "not a regular file: a FIFO";
  return "not a regular file";
}

// Size and time, or a kFailed item.
void LookAtFile(WorkItem& item) {
  struct stat info {};
  if (::stat(FileOf(item.input).c_str(), &info) != 0) {
    item.Fail(std::generic_category().message(errno));
  } else if (!S_ISREG(info.st_mode)) {
    item.Fail(DescribeMode(info.st_mode));
  } else {
    item.location.size_bytes = item.input.member ? item.input.member->size_bytes : static_cast<uint64_t>(info.st_size);
    item.location.mtime_ns = ChangeTime(info);
  }
}

// Whether the item's source says something about it that is not stored.
bool SaysSomethingNew(const WorkItem& item, const storage::ItemRecord& stored) {
  if (!item.input.metadata || stored.paths[0].path != item.location.path) return false;
  return Overlay(ContentKeysOf(stored.metadata), *item.input.metadata) != stored.metadata;
}

bool NothingKnown(const storage::ContentHash& /*hash*/) { return false; }

}  // namespace

Result<std::optional<storage::ItemRecord>> Preparer::FindByPath(const std::string& path) const {
  SL_ASSIGN_OR_RETURN(const std::optional<ItemId> id, records_.FindItem(path));
  if (!id) return std::nullopt;
  SL_ASSIGN_OR_RETURN(auto items, records_.GetItems(std::span(&*id, 1)));
  if (items.size() != 1) return std::nullopt;
  return std::move(items[0]);
}

Status Preparer::CompareWithStored(WorkItem& item) const {
  if (item.location.mtime_ns == 0) return {};
  SL_ASSIGN_OR_RETURN(const auto stored, FindByPath(item.location.path));
  if (!stored || !IsComplete(*stored)) return {};
  const auto& paths = stored->paths;
  if (std::find(paths.begin(), paths.end(), item.location) == paths.end()) return {};
  item.state = SaysSomethingNew(item, *stored) ? WorkState::kKnownContent : WorkState::kUnchanged;
  item.hash = stored->hash;
  return {};
}

Result<bool> Preparer::IsKnown(const storage::ContentHash& hash) const {
  SL_ASSIGN_OR_RETURN(const std::optional<ItemId> id, records_.FindItem(hash));
  if (!id) return false;
  SL_ASSIGN_OR_RETURN(const auto items, records_.GetItems(std::span(&*id, 1)));
  return items.size() == 1 && items[0] && IsComplete(*items[0]);
}

Result<WorkItem> Preparer::Look(InputEntry entry) const {
  WorkItem item(std::move(entry));
  if (!item.input.error.empty()) {
    item.Fail(item.input.error);
  } else if (!item.input.is_caption()) {
    LookAtFile(item);
    if (item.state != WorkState::kFailed) SL_RETURN_IF_ERROR(CompareWithStored(item));
  }
  return item;
}

Result<WorkItem> Preparer::Prepare(InputEntry entry, std::stop_token stop) const {
  if (stop.stop_requested()) return WorkItem(std::move(entry));
  SL_ASSIGN_OR_RETURN(WorkItem item, Look(std::move(entry)));
  if (item.state != WorkState::kSkipped) return item;
  const ContentKnown is_known = [this](const storage::ContentHash& hash) { return IsKnown(hash); };
  if (!item.input.is_caption()) {
    SL_RETURN_IF_ERROR(PrepareMedia(item, is_known, stop));
    return item;
  }
  SL_RETURN_IF_ERROR(PrepareCaption(item, is_known));
  if (item.state == WorkState::kKnownContent) {
    SL_ASSIGN_OR_RETURN(const auto stored, FindByPath(item.location.path));
    if (stored && stored->hash == item.hash) item.state = WorkState::kUnchanged;
  }
  return item;
}

Status Preparer::PrepareMedia(WorkItem& item, const ContentKnown& is_known, std::stop_token stop) const {
  return IsVideo(item.input) ? PrepareVideo(item, is_known, stop) : pictures_.Prepare(item, is_known, stop);
}

WorkItem Preparer::PrepareAnew(InputEntry entry, std::stop_token stop) const {
  WorkItem item(std::move(entry));
  if (item.input.is_caption()) {
    static_cast<void>(PrepareCaption(item, NothingKnown));
    return item;
  }
  LookAtFile(item);
  if (item.state != WorkState::kFailed) static_cast<void>(PrepareMedia(item, NothingKnown, stop));
  return item;
}

}  // namespace sightline::indexer
