// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/collection_merger.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/guard.h"
#include "indexer/run_log.h"
#include "indexer/transfer/settings_carrier.h"
#include "indexer/transfer/transfer_checks.h"

namespace sightline::indexer {
namespace {

using storage::Collection;
using storage::ItemRecord;
using storage::JobRecord;
using storage::NewUnit;

/// Units of one item, with what is stored beside them and is wanted here.
Result<std::vector<NewUnit>> ReadUnitsOf(const Collection& source, std::span<const UnitId> ids, bool with_tokens) {
  const storage::RecordStore& records = source.records();
  SL_ASSIGN_OR_RETURN(auto units, records.GetUnits(ids));
  SL_ASSIGN_OR_RETURN(auto thumbnails, records.GetThumbnails(ids));
  std::vector<std::optional<TokenMatrix>> tokens(ids.size());
  if (with_tokens) {
    SL_ASSIGN_OR_RETURN(tokens, records.GetTokens(ids));
  }
  std::vector<NewUnit> read;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!units[i]) return Fail(ErrorCode::kCorruption, fmt::format("unit {} is not there", ids[i].value));
    NewUnit& unit = read.emplace_back();
    unit.record = *std::move(units[i]);
    unit.tokens = std::move(tokens[i]);
    if (thumbnails[i]) unit.thumbnail = *std::move(thumbnails[i]);
  }
  return read;
}

/// A job as it is kept here: one that never ended was interrupted.
JobRecord Ended(JobRecord job) {
  if (job.state == storage::JobState::kRunning) job.state = storage::JobState::kStopped;
  return job;
}

/// Adds the job records of the source that are not here yet, under new ids, oldest first.
Status BringJobs(Collection& target, const Collection& source) {
  const std::lock_guard lock(target.change_mutex());
  SL_ASSIGN_OR_RETURN(std::vector<JobRecord> here, target.Jobs());
  SL_ASSIGN_OR_RETURN(std::vector<JobRecord> brought, source.Jobs());
  JobId last;
  for (const JobRecord& job : here) last = std::max(last, job.id);
  std::reverse(brought.begin(), brought.end());
  for (JobRecord& job : brought) {
    job = Ended(std::move(job));
    const bool is_here = std::any_of(here.begin(), here.end(), [&job](const JobRecord& known) {
      job.id = known.id;  // The ids are not compared.
      return job == known;
    });
    if (is_here) continue;
    job.id.value = ++last.value;
    storage::WriteSet changes;
    changes.put_job = std::move(job);
    SL_RETURN_IF_ERROR(target.Commit(changes));
  }
  return {};
}

/// Whether it came to the end.
Result<bool> BringItems(const Collection& source, bool with_tokens, ItemCarrier& carrier, const std::stop_token& stop) {
  Status brought;
  bool stopped = false;
  SL_RETURN_IF_ERROR(source.ForEachItem([&](const ItemRecord& item) {
    stopped = stop.stop_requested();
    if (stopped) return false;
    brought = carrier.Bring(item, [&source, with_tokens, units = item.units](size_t first, size_t count) {
      return ReadUnitsOf(source, std::span(units).subspan(first, count), with_tokens);
    });
    return brought.has_value();
  }));
  SL_RETURN_IF_ERROR(brought);
  SL_RETURN_IF_ERROR(carrier.Flush());
  return !stopped;
}

}  // namespace

Result<IndexReport> MergeCollection(Collection& target, const Collection& source, const MergeOptions& options,
                                    IndexObserver* observer, std::stop_token stop) {
  return Guard("merge", [&]() -> Result<IndexReport> {
    SL_RETURN_IF_ERROR(CheckFits(options.name, source.config(), target.config()));
    SL_ASSIGN_OR_RETURN(const storage::CollectionStats stats, source.Stats());
    SL_RETURN_IF_ERROR(CarrySettings(options.name, source.settings(), target));
    SL_RETURN_IF_ERROR(BringJobs(target, source));
    SL_ASSIGN_OR_RETURN(RunLog log, RunLog::Start(target, {"--merge=" + options.name}, observer, options.report_every));
    ItemCarrier carrier(target, log, stats.items, options.batches);
    const bool with_tokens = target.config().patch_storage != storage::PatchStorage::kNone;
    return EndRun(log, BringItems(source, with_tokens, carrier, stop));
  });
}

}  // namespace sightline::indexer
