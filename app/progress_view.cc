// SPDX-License-Identifier: BSD-3-Clause
#include "app/progress_view.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "app/text.h"

namespace sightline::app {
namespace {

using indexer::IndexForecast;
using indexer::IndexNote;
using indexer::IndexProgress;
using indexer::IndexReport;

constexpr int kBarWidth = 24;
constexpr auto kPlainLineInterval = std::chrono::seconds(5);

double RateOf(const IndexProgress& progress) {
  return progress.seconds > 0 ? static_cast<double>(progress.done()) / progress.seconds : 0;
}

// Seconds until the end, negative while nobody can know.
double EtaOf(const IndexProgress& progress) {
  const double rate = RateOf(progress);
  if (!progress.scan_done || rate <= 0) return -1;
  return static_cast<double>(progress.files_found - std::min(progress.files_found, progress.done())) / rate;
}

std::string Counts(const IndexProgress& progress) {
  std::string text = fmt::format("{} added", progress.added);
  const auto add = [&text](uint64_t count, std::string_view what) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  };
  add(progress.updated, "of them updated");
  add(progress.unchanged, "unchanged");
  add(progress.duplicate, "duplicate");
  add(progress.moved, "moved");
  add(progress.failed, "failed");
  return text;
}

// Nothing for a run without videos.
std::string ClipCounts(const IndexProgress& progress) {
  if (progress.clips == 0) return {};
  const double speed = progress.seconds > 0 ? progress.video_seconds / progress.seconds : 0;
  return fmt::format(", {} clips of {} of video ({:.1f} times real time)", progress.clips,
                     HumanSeconds(progress.video_seconds), speed);
}

// Nothing while no video is looked through for scene cuts.
std::string VideoScanText(const std::optional<indexer::VideoScan>& scan) {
  if (!scan) return {};
  const double part = scan->length_seconds > 0 ? std::clamp(scan->seconds / scan->length_seconds, 0.0, 1.0) : 0;
  return fmt::format(", looking for scene cuts in {}: {} % of {}",
                     OneLine(std::filesystem::path(scan->path).filename().string()), static_cast<int>(part * 100),
                     HumanSeconds(scan->length_seconds));
}

void PrintFileError(std::FILE* err, const storage::JobError& error) {
  fmt::print(err, "failed: {}: {}\n", OneLine(error.path), OneLine(error.reason));
}

void PrintNote(std::FILE* err, const IndexNote& note) {
  fmt::print(err, "note: {}: {}\n", OneLine(note.path), note.text);
}

class BarView : public indexer::IndexObserver {
 public:
  BarView(std::FILE* err, std::string_view noun) : err_(err), noun_(noun) {}
  ~BarView() override { Clear(); }
  void OnProgress(const IndexProgress& progress) override {
    const double part = progress.files_found == 0
                            ? 0
                            : static_cast<double>(progress.done()) / static_cast<double>(progress.files_found);
    const int filled = std::clamp(static_cast<int>(part * kBarWidth), 0, kBarWidth);
    // Cut off at the terminal's edge, by ?7l: a line that wraps could not be drawn over.
    fmt::print(err_, "\r\033[K\033[?7l[{:#<{}}{:.<{}}] {}\033[?7h", "", filled, "", kBarWidth - filled,
               ProgressLine(progress, noun_));
    std::fflush(err_);
    drawn_ = true;
  }
  void OnFileError(const storage::JobError& error) override {
    Clear();
    PrintFileError(err_, error);
  }
  void OnNote(const IndexNote& note) override {
    Clear();
    PrintNote(err_, note);
  }

 private:
  void Clear() {
    if (drawn_) fmt::print(err_, "\r\033[K");
    drawn_ = false;
  }
  std::FILE* const err_;
  const std::string noun_;
  bool drawn_ = false;
};

class PlainView : public indexer::IndexObserver {
 public:
  PlainView(std::FILE* err, std::string_view noun) : err_(err), noun_(noun) {}
  void OnProgress(const IndexProgress& progress) override {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_line_ < kPlainLineInterval) return;
    last_line_ = now;
    fmt::print(err_, "{}\n", ProgressLine(progress, noun_));
  }
  void OnFileError(const storage::JobError& error) override { PrintFileError(err_, error); }
  void OnNote(const IndexNote& note) override { PrintNote(err_, note); }

 private:
  std::FILE* const err_;
  const std::string noun_;
  std::chrono::steady_clock::time_point last_line_ = std::chrono::steady_clock::now();
};

class QuietView : public indexer::IndexObserver {
 public:
  explicit QuietView(std::FILE* err) : err_(err) {}
  void OnProgress(const IndexProgress& /*progress*/) override {}
  void OnFileError(const storage::JobError& error) override { PrintFileError(err_, error); }
  void OnNote(const IndexNote& note) override { PrintNote(err_, note); }

 private:
  std::FILE* const err_;
};

boost::json::object ToJson(const IndexProgress& progress) {
  return {{"files_found", progress.files_found},
          {"scan_done", progress.scan_done},
          {"added", progress.added},
          {"updated", progress.updated},
          {"unchanged", progress.unchanged},
          {"duplicate", progress.duplicate},
          {"moved", progress.moved},
          {"failed", progress.failed},
          {"clips", progress.clips},
          {"video_seconds", progress.video_seconds},
          {"encoded", progress.encoded},
          {"seconds", progress.seconds},
          {"files_per_second", RateOf(progress)}};
}

// Null while no video is looked through for scene cuts.
boost::json::value ToJson(const std::optional<indexer::VideoScan>& scan) {
  if (!scan) return nullptr;
  return {{"path", ValidUtf8(scan->path)}, {"seconds", scan->seconds}, {"length_seconds", scan->length_seconds}};
}

boost::json::object ToJson(const indexer::IndexTimes& times) {
  return {{"plan_videos", times.plan_videos},
          {"decode_videos", times.decode_videos},
          {"scale_videos", times.scale_videos},
          {"encode", times.encode},
          {"commit", times.commit}};
}

void PrintEvent(std::FILE* out, std::string_view name, boost::json::object content) {
  boost::json::object event;
  event["event"] = boost::json::string_view(name.data(), name.size());
  for (auto& [key, value] : content) event[key] = std::move(value);
  fmt::print(out, "{}\n", boost::json::serialize(event));
  std::fflush(out);
}

class JsonView : public indexer::IndexObserver {
 public:
  explicit JsonView(std::FILE* out) : out_(out) {}
  void OnProgress(const IndexProgress& progress) override {
    boost::json::object content = ToJson(progress);
    const double eta = EtaOf(progress);
    content["eta_seconds"] = eta < 0 ? boost::json::value(nullptr) : boost::json::value(eta);
    content["video_scan"] = ToJson(progress.video_scan);
    PrintEvent(out_, "progress", std::move(content));
  }
  void OnFileError(const storage::JobError& error) override {
    PrintEvent(out_, "error", {{"path", ValidUtf8(error.path)}, {"reason", ValidUtf8(error.reason)}});
  }
  void OnNote(const IndexNote& note) override {
    PrintEvent(out_, "note", {{"path", ValidUtf8(note.path)}, {"note", ValidUtf8(note.text)}});
  }

 private:
  std::FILE* const out_;
};

void PrintForecast(std::FILE* out, const IndexProgress& progress, const IndexForecast& forecast) {
  const std::string videos = forecast.clips == 0 ? std::string()
                                                 : fmt::format(" (with about {} clips of {} of video)", forecast.clips,
                                                               HumanSeconds(forecast.video_seconds));
  fmt::print(out, "dry run: {} files found, {} to encode{}, about {} and {} of disk; nothing was written\n",
             progress.files_found, forecast.files_to_encode, videos, HumanSeconds(forecast.seconds),
             HumanBytes(forecast.bytes_to_store));
}

}  // namespace

std::string ProgressLine(const IndexProgress& progress, std::string_view noun) {
  const double eta = EtaOf(progress);
  return fmt::format("{}/{}{} {}, {}{}{}, {:.1f}/s{}", progress.done(), progress.files_found,
                     progress.scan_done ? "" : "+", noun, Counts(progress), VideoScanText(progress.video_scan),
                     ClipCounts(progress), RateOf(progress), eta < 0 ? "" : ", " + HumanSeconds(eta) + " left");
}

std::unique_ptr<indexer::IndexObserver> MakeProgressView(const Streams& io, ProgressStyle style,
                                                         std::string_view noun) {
  switch (style) {
    case ProgressStyle::kJson:
      return std::make_unique<JsonView>(io.out);
    case ProgressStyle::kQuiet:
      return std::make_unique<QuietView>(io.err);
    case ProgressStyle::kAuto:
      break;
  }
  if (IsTerminal(io.err)) return std::make_unique<BarView>(io.err, noun);
  return std::make_unique<PlainView>(io.err, noun);
}

void PrintIndexReport(const Streams& io, const IndexReport& report, bool dry_run, ProgressStyle style,
                      std::string_view noun) {
  if (style == ProgressStyle::kJson) {
    boost::json::object content = ToJson(report.progress);
    content["stopped"] = report.stopped;
    if (dry_run) {
      content["forecast"] = {{"files_to_encode", report.forecast.files_to_encode},
                             {"bytes_to_store", report.forecast.bytes_to_store},
                             {"clips", report.forecast.clips},
                             {"video_seconds", report.forecast.video_seconds},
                             {"seconds", report.forecast.seconds}};
    } else {
      content["job"] = report.job.value;
      content["stage_seconds"] = ToJson(report.progress.times);
    }
    return PrintEvent(io.out, "done", std::move(content));
  }
  if (dry_run) return PrintForecast(io.out, report.progress, report.forecast);
  fmt::print(io.out, "{}: {}{} in {} ({:.1f} {}/s)\n", report.stopped ? "stopped" : "done", Counts(report.progress),
             ClipCounts(report.progress), HumanSeconds(report.progress.seconds), RateOf(report.progress), noun);
}

}  // namespace sightline::app
