// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstdio>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/commands.h"
#include "app/data_dir.h"
#include "app/item_kind.h"
#include "app/open.h"
#include "app/settings_output.h"
#include "app/text.h"
#include "http/record_text.h"

namespace sightline::app {
namespace {

namespace json = boost::json;

struct StatusFlags {
  std::string collection;
  bool errors = false;
  bool json = false;
};

// `runs`: whether a job runs in the collection now. It is the newest that says so.
std::string_view NameOfState(storage::JobState state, bool runs) {
  switch (state) {
    case storage::JobState::kRunning:
      return runs ? "running" : "interrupted";
    case storage::JobState::kStopped:
      return "stopped";
    case storage::JobState::kFinished:
      return "finished";
    case storage::JobState::kFailed:
      return "failed";
  }
  return "unknown";
}

struct ItemCounts {
  uint64_t pictures = 0;
  uint64_t videos = 0;
  uint64_t captions = 0;
  uint64_t vectors = 0;  // Items of a collection without a model.
  uint64_t clips = 0;
  int64_t video_us = 0;  // What is known of the videos' durations.
};

struct CollectionStatus {
  storage::CollectionConfig config;
  storage::CollectionStats stats;
  storage::CollectionSettings settings;
  ItemCounts counts;
  std::vector<storage::JobRecord> jobs;
  bool job_runs = false;  // In the server that has the collection; otherwise nobody else can be running one.
};

void Count(const storage::ItemRecord& item, ItemCounts& counts) {
  switch (KindOf(item)) {
    case ItemKind::kPicture:
      ++counts.pictures;
      return;
    case ItemKind::kVideo:
      ++counts.videos;
      counts.clips += item.units.size();
      counts.video_us += DurationUs(item.metadata).value_or(0);
      return;
    case ItemKind::kCaption:
      ++counts.captions;
      return;
    case ItemKind::kVector:
      ++counts.vectors;
      return;
  }
}

Result<ItemCounts> CountItems(const storage::Collection& collection) {
  ItemCounts counts;
  SL_RETURN_IF_ERROR(collection.ForEachItem([&](const storage::ItemRecord& item) {
    Count(item, counts);
    return true;
  }));
  return counts;
}

// "133 pictures, 8 videos (5 min 12 s in 45 clips), 20 captions"
std::string DescribeCounts(const ItemCounts& counts) {
  std::vector<std::string> parts;
  const auto add = [&](uint64_t count, std::string_view what) {
    if (count > 0) parts.push_back(fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"));
    return count > 0;
  };
  add(counts.pictures, "picture");
  if (add(counts.videos, "video")) {
    const std::string length =
        counts.video_us > 0 ? HumanSeconds(static_cast<double>(counts.video_us) / 1e6) + " in " : "";
    parts.back() += fmt::format(" ({}{} clip{})", length, counts.clips, counts.clips == 1 ? "" : "s");
  }
  add(counts.captions, "caption");
  add(counts.vectors, "vector");
  return fmt::format("{}", fmt::join(parts, ", "));
}

Result<CollectionStatus> ReadStatus(const Session& session, const std::string& name) {
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, name));
  SL_ASSIGN_OR_RETURN(const storage::CollectionStats stats, collection->Stats());
  SL_ASSIGN_OR_RETURN(const ItemCounts counts, CountItems(*collection));
  SL_ASSIGN_OR_RETURN(std::vector<storage::JobRecord> jobs, collection->Jobs());
  const bool job_runs =
      collection.hosted() != nullptr && !std::unique_lock(collection->job_mutex(), std::try_to_lock).owns_lock();
  return CollectionStatus{collection->config(), stats, collection->settings(), counts, std::move(jobs), job_runs};
}

// Failures that the short form shows.
constexpr size_t kShownErrors = 10;

json::value JobJson(const storage::JobRecord& job, bool runs, bool with_errors) {
  return json::parse(http::JobText(job, NameOfState(job.state, runs), with_errors ? job.errors.size() : 0));
}

json::object StatusJson(const std::string& name, const CollectionStatus& status, bool with_errors) {
  json::array jobs;
  bool runs = status.job_runs;
  for (const storage::JobRecord& job : status.jobs) {
    jobs.push_back(JobJson(job, runs, with_errors));
    if (job.state == storage::JobState::kRunning) runs = false;
  }
  json::object out = json::parse(http::CollectionText(name, status.config, status.stats)).as_object();
  const json::object more = {{"pictures", status.counts.pictures},
                             {"videos", status.counts.videos},
                             {"captions", status.counts.captions},
                             {"raw_vectors", status.counts.vectors},
                             {"clips", status.counts.clips},
                             {"video_ms", status.counts.video_us / 1000},
                             {"settings", json::parse(SettingsText(status.settings))},
                             {"jobs", std::move(jobs)}};
  out.insert(more.begin(), more.end());
  return out;
}

void PrintSettings(std::FILE* out, const storage::CollectionSettings& settings) {
  std::vector<std::string> parts;
  if (settings.rerank_depth) parts.push_back(fmt::format("rerank depth {}", *settings.rerank_depth));
  if (settings.stop_margin) parts.push_back(fmt::format("stop margin {:g}", *settings.stop_margin));
  if (!settings.calibration.empty()) parts.emplace_back("a calibration of its own");
  if (!parts.empty()) fmt::print(out, "searched    with {}\n", fmt::join(parts, ", "));
  if (!settings.tuned.empty()) fmt::print(out, "tuned       {}\n", TunedText(settings.tuned));
}

// Chosen values of the index's search parameters; nothing where all are chosen by size.
std::string ChosenText(const storage::IndexOptions& options) {
  std::string text;
  const auto add = [&text](std::string_view name, uint32_t value) {
    if (value != 0) text += fmt::format(", {} {}", name, value);
  };
  add("probes", options.probes);
  add("ef_search", options.ef_search);
  add("refine", options.refine_factor);
  return text;
}

void PrintIndex(std::FILE* out, const storage::IndexStatus& index) {
  fmt::print(out, "index       {}: {} vectors exact in {}", storage::NameOf(index.options.kind), index.exact_rows,
             HumanBytes(index.exact_bytes));
  if (!index.segments.empty()) {
    fmt::print(out, ", {} segment{}", index.segments.size(), index.segments.size() == 1 ? "" : "s");
  }
  fmt::print(out, "{}{}\n", ChosenText(index.options), index.activity == "idle" ? "" : ", " + index.activity);
  for (const storage::SegmentStatus& segment : index.segments) {
    fmt::print(out, "  segment {:<4}{}: {} vectors, {} of them dead, {} in memory, {} on disk\n", segment.number,
               storage::NameOf(segment.kind), segment.rows, segment.dead_rows, HumanBytes(segment.memory_bytes),
               HumanBytes(segment.disk_bytes));
  }
  if (!index.failure.empty()) fmt::print(out, "  failed    {}\n", OneLine(index.failure));
  for (const std::string& what : index.damage) fmt::print(out, "  damaged   {}\n", OneLine(what));
}

void PrintStatus(std::FILE* out, const std::string& name, const CollectionStatus& status, bool all_errors) {
  const storage::CollectionStats& stats = status.stats;
  fmt::print(out, "collection  {}\nitems       {}\n", name, stats.items == 0 ? "0" : DescribeCounts(status.counts));
  fmt::print(out, "units       {} with {} vectors of {} floats\n", stats.units, stats.vectors, status.config.dim);
  fmt::print(out, "model       {} ({})\n", OneLine(status.config.model_name),
             status.config.model_fingerprint.empty() ? "raw vectors" : status.config.model_fingerprint.substr(0, 12));
  fmt::print(out, "patches     {} as {}", HumanBytes(stats.token_bytes), storage::NameOf(status.config.patch_storage));
  if (stats.units > 0) fmt::print(out, ", {} per unit", HumanBytes(stats.token_bytes / stats.units));
  fmt::print(out, "\nthumbnails  {}\ndisk        {}\nepoch       {}\n", HumanBytes(stats.thumbnail_bytes),
             HumanBytes(stats.disk_bytes), stats.epoch.value);
  PrintIndex(out, stats.index);
  PrintSettings(out, status.settings);
  if (status.jobs.empty()) return;
  const storage::JobRecord& job = status.jobs.front();
  fmt::print(out, "last job    {} {}: {} added, {} unchanged, {} failed\n", HumanTime(job.updated_at),
             NameOfState(job.state, status.job_runs), job.items_added, job.items_unchanged, job.error_count);
  const size_t shown = all_errors ? job.errors.size() : std::min(kShownErrors, job.errors.size());
  for (const storage::JobError& error : std::span(job.errors).first(shown)) {
    fmt::print(out, "  failed    {}: {}\n", OneLine(error.path), OneLine(error.reason));
  }
  if (shown < job.errors.size()) fmt::print(out, "            and {} more: --errors\n", job.errors.size() - shown);
}

// One line per collection; one that cannot be opened says why and does not stop the others.
Result<ExitCode> ListAll(const Session& session, bool as_json) {
  SL_ASSIGN_OR_RETURN(const auto data_dir, ResolveDataDir(session.globals.data_dir, session.environment));
  SL_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListCollections(data_dir));
  std::FILE* const out = session.io.out;
  json::array all;
  if (names.empty() && !as_json) fmt::print(out, "no collections in {}\n", data_dir.string());
  for (const std::string& name : names) {
    const auto status = ReadStatus(session, name);
    if (as_json) {
      all.push_back(status ? StatusJson(name, *status, false)
                           : json::object{{"collection", name}, {"error", ValidUtf8(status.error().message)}});
    } else if (status) {
      fmt::print(out, "{:<24} {:>9} items  {:>10}  {}\n", name, status->stats.items,
                 HumanBytes(status->stats.disk_bytes), OneLine(status->config.model_name));
    } else {
      fmt::print(out, "{:<24} {}\n", name, OneLine(status.error().message));
    }
  }
  if (as_json) fmt::print(out, "{}\n", json::serialize(json::object{{"collections", std::move(all)}}));
  return ExitCode::kOk;
}

Result<ExitCode> RunStatus(const Session& session, const StatusFlags& flags) {
  if (flags.collection.empty()) return ListAll(session, flags.json);
  SL_ASSIGN_OR_RETURN(const CollectionStatus status, ReadStatus(session, flags.collection));
  if (flags.json) {
    fmt::print(session.io.out, "{}\n", json::serialize(StatusJson(flags.collection, status, flags.errors)));
  } else {
    PrintStatus(session.io.out, flags.collection, status, flags.errors);
  }
  return ExitCode::kOk;
}

}  // namespace

void AddStatusCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<StatusFlags>();
  CLI::App* command = app.add_subcommand("status", "What a collection holds and costs; without a name: all of them");
  command->add_option("collection", flags->collection, "Its name");
  command->add_flag("--errors", flags->errors, "Show every failed file, not only the first few");
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->callback([flags, &session] {
    session.collections.emplace();
    if (!flags->collection.empty()) session.collections->push_back(flags->collection);
    session.run = [flags, &session] { return RunStatus(session, *flags); };
  });
}

}  // namespace sightline::app
