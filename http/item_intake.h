// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/metadata.h"
#include "base/result.h"
#include "http/api.h"
#include "storage/records.h"

namespace sightline::http {

/// One file that a client brings.
struct BroughtFile {
  std::filesystem::path path;               ///< Where it is, or will be once `content` is stored.
  std::optional<std::string_view> content;  ///< An upload's bytes; absent for a file that is registered by its path.
  std::shared_ptr<const std::string> decoded{};  ///< What `content` views, unless that is in the request itself.
  std::string metadata_json;                     ///< A JSON object, as sent; empty: nothing is said.
  std::optional<Metadata> metadata;              ///< What it says.
};

/// What became of it.
struct Intake {
  enum class Outcome { kAdded, kUpdated, kUnchanged, kDuplicate, kMoved, kQueued };

  Outcome outcome = Outcome::kAdded;
  std::optional<storage::ItemRecord> item;  ///< Absent when it is queued.
  std::optional<JobView> job;               ///< Of a video, which takes longer than a request may.
};

/// "added", "updated", "unchanged", "duplicate", "moved", "queued".
std::string_view NameOf(Intake::Outcome outcome);

/// What a job of this collection may read: files below the roots, and what was uploaded to the collection.
std::function<bool(const std::filesystem::path&)> ReadableBy(const Api& api, const std::string& collection);

/// Stores an upload and indexes it; both are durable when it returns. A picture becomes an item at once, beside
/// whatever job runs; a video becomes a job. What was said about a video is the job's manifest, which lies beside the
/// uploads, so that it survives a restart. An upload that cannot be indexed is not kept. Errors: kInvalidArgument (it
/// is no picture that can be read, with the reason), kFailedPrecondition (a collection without a model),
/// kDeadlineExceeded, kCancelled, those of Indexer::RunUnrecorded, JobService::Submit and MediaStore.
Result<Intake> TakeIn(const Api& api, std::shared_ptr<HostedCollection> collection, const BroughtFile& file,
                      const Limits& limits);

/// Indexes a caption, which is durable and can be found when it returns. Errors: as for a picture.
Result<Intake> TakeIn(const Api& api, HostedCollection& collection, const indexer::GivenCaption& caption,
                      const Limits& limits);

/// Removes an item, and then what was uploaded for it; what cannot be removed is told to the log. Errors: kNotFound,
/// kDeadlineExceeded, kCancelled, those of Collection::Commit.
Status RemoveItem(const Api& api, HostedCollection& collection, ItemId id, const Limits& limits);

}  // namespace sightline::http
