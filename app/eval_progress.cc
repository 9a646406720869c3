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

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Nothing while nobody can know.
std::string TimeLeft(double first_work, double work_left, double seconds) {
  const double done = first_work - work_left;
  if (done <= 0 || seconds < 1) return {};
  return fmt::format(", about {} left in all", HumanSeconds(work_left * seconds / done));
}

}  // namespace

std::string PassLine(const eval::StageProgress& progress, bool has_videos) {
  const char* const image = has_videos ? "video" : "picture";
  const std::string direction = progress.direction == eval::Direction::kTextToImage ? fmt::format("text to {}", image)
                                                                                    : fmt::format("{} to text", image);
  return fmt::format("{}, depth {}, {}: {} of {} queries", eval::NameOf(progress.stage.kind), progress.stage.depth,
                     direction, progress.done, progress.total);
}

void EvalProgressView::Show(const eval::StageProgress& progress) {
  const Clock::time_point now = Clock::now();
  if (!first_work_) {
    first_work_ = progress.work_left;
    start_ = now;
    ShowReused(progress);
    return;
  }
  const bool is_terminal = IsTerminal(io_.err);
  const bool is_new = shown_pass_ != progress.pass || progress.done == progress.total;
  if (!is_new &&
      now - shown_at_ < (is_terminal ? Clock::duration(kBarInterval) : Clock::duration(kPlainLineInterval))) {
    return;
  }
  shown_pass_ = progress.pass;
  shown_at_ = now;
  const std::string line =
      fmt::format("[{}/{}] {}{}", progress.pass + 1, progress.passes, PassLine(progress, has_videos_),
                  TimeLeft(*first_work_, progress.work_left, SecondsSince(start_)));
  fmt::print(io_.err, "{}{}{}", is_terminal ? "\r\033[K" : "", line, is_terminal ? "" : "\n");
  std::fflush(io_.err);
  line_open_ = is_terminal;
}

void EvalProgressView::ShowReused(const eval::StageProgress& progress) const {
  if (progress.reused_passes == 0 && progress.reused_queries == 0) return;
  const std::string others =
      progress.reused_queries > 0 ? fmt::format(", and {} queries of the next", progress.reused_queries) : "";
  fmt::print(io_.err, "going on: {} of {} passes are finished{}\n", progress.reused_passes, progress.passes, others);
}

void EvalProgressView::Clear() {
  if (!line_open_) return;
  fmt::print(io_.err, "\r\033[K");
  std::fflush(io_.err);
}

}  // namespace sightline::app
