// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_progress.h"

#include <cstdio>

#include <fmt/format.h>

#include "app/text.h"

namespace sightline::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPlainLineInterval = std::chrono::seconds(30);
constexpr auto kBarInterval = std::chrono::milliseconds(200);

std::string AboutLeft(double seconds, const char* of) {
  return seconds > 0 ? fmt::format(", about {} left in {}", HumanSeconds(seconds), of) : std::string();
}

}  // namespace

StatusLine::~StatusLine() {
  if (!is_open_) return;
  fmt::print(io_.err, "\r\033[K");
  std::fflush(io_.err);
}

bool StatusLine::IsDue(bool is_new) {
  const Clock::time_point now = Clock::now();
  const auto interval = IsTerminal(io_.err) ? Clock::duration(kBarInterval) : Clock::duration(kPlainLineInterval);
  if (!is_new && shown_at_ && now - *shown_at_ < interval) return false;
  shown_at_ = now;
  return true;
}

void StatusLine::Show(const std::string& text) {
  const bool is_terminal = IsTerminal(io_.err);
  fmt::print(io_.err, "{}{}{}", is_terminal ? "\r\033[K" : "", text, is_terminal ? "" : "\n");
  std::fflush(io_.err);
  is_open_ = is_terminal;
}

std::string PassLine(const eval::StageProgress& progress, bool has_videos) {
  const char* const image = has_videos ? "video" : "picture";
  const std::string direction = progress.direction == eval::Direction::kTextToImage ? fmt::format("text to {}", image)
                                                                                    : fmt::format("{} to text", image);
  return fmt::format("{}, depth {}, {}: {} of {} queries", eval::NameOf(progress.stage.kind), progress.stage.depth,
                     direction, progress.done, progress.total);
}

std::string TimeLeftText(const eval::TimeLeft& time_left, const eval::StageProgress& progress) {
  if (const auto all = time_left.Of(progress.left)) return AboutLeft(*all, "all");
  const auto pass = time_left.Of({{progress.reads, progress.total - progress.done}});
  return pass ? AboutLeft(*pass, "this pass") : std::string();
}

void EvalProgressView::Show(const eval::StageProgress& progress) {
  if (!last_) {
    last_ = progress;
    ShowReused(progress);
    return;
  }
  Measure(progress);
  const bool is_new = shown_pass_ != progress.pass || progress.done == progress.total;
  if (!line_.IsDue(is_new)) return;
  shown_pass_ = progress.pass;
  line_.Show(fmt::format("[{}/{}] {}{}", progress.pass + 1, progress.passes, PassLine(progress, has_videos_),
                         TimeLeftText(time_left_, progress)));
}

// What lies between two passes is no time of a query.
void EvalProgressView::Measure(const eval::StageProgress& progress) {
  const Clock::time_point now = Clock::now();
  if (last_->pass == progress.pass && progress.done > last_->done) {
    time_left_.Add(progress.reads, std::chrono::duration<double>(now - last_at_).count());
  }
  last_ = progress;
  last_at_ = now;
}

void EvalProgressView::ShowReused(const eval::StageProgress& progress) const {
  if (progress.reused_passes == 0 && progress.reused_queries == 0) return;
  const std::string others =
      progress.reused_queries > 0 ? fmt::format(", and {} queries of the next", progress.reused_queries) : "";
  fmt::print(io_.err, "going on: {} of {} passes are finished{}\n", progress.reused_passes, progress.passes, others);
}

void MatrixProgressView::Show(size_t fold, size_t done, size_t total) {
  const Clock::time_point now = Clock::now();
  // The first row of a fold waited for what was read and encoded before it.
  if (done > 1 && last_at_) time_left_.Add(0, std::chrono::duration<double>(now - *last_at_).count());
  last_at_ = now;
  if (!line_.IsDue(done == total)) return;
  const auto left = time_left_.Of({{0, total - done + (folds_ - fold - 1) * total}});
  line_.Show(fmt::format("[{}/{}] matrix: {} of {} rows{}", fold + 1, folds_, done, total,
                         left ? AboutLeft(*left, "all") : ""));
}

}  // namespace sightline::app
