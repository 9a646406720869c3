// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "app/streams.h"
#include "eval/stages.h"
#include "eval/time_left.h"

namespace sightline::app {

/// One line on stderr that tells how long work goes: on a terminal it changes, elsewhere a new one is written every
/// 30 s. It goes when the object does. Confined to one thread.
class StatusLine {
 public:
  explicit StatusLine(const Streams& io) : io_(io) {}
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  /// Whether it is time for the next one. @param is_new  what it says is of something new, and due at once.
  bool IsDue(bool is_new);
  void Show(const std::string& text);

 private:
  const Streams io_;
  std::optional<std::chrono::steady_clock::time_point> shown_at_;
  bool is_open_ = false;
};

/// Shows on stderr how the stages of an evaluation go: also whenever a pass begins and ends. Confined to one thread.
class EvalProgressView {
 public:
  EvalProgressView(const Streams& io, bool has_videos) : io_(io), has_videos_(has_videos), line_(io) {}

  void Show(const eval::StageProgress& progress);

 private:
  void Measure(const eval::StageProgress& progress);
  void ShowReused(const eval::StageProgress& progress) const;

  const Streams io_;
  const bool has_videos_;
  StatusLine line_;
  eval::TimeLeft time_left_;
  std::optional<eval::StageProgress> last_;  ///< What came before, shown or not.
  std::chrono::steady_clock::time_point last_at_;
  std::optional<size_t> shown_pass_;
};

/// As above, of the matrix protocol, which has one pass for each fold. Confined to one thread.
class MatrixProgressView {
 public:
  MatrixProgressView(const Streams& io, size_t folds) : folds_(folds), line_(io) {}

  /// @param done, total  rows of both matrices of this fold.
  void Show(size_t fold, size_t done, size_t total);

 private:
  const size_t folds_;
  StatusLine line_;
  eval::TimeLeft time_left_;
  std::optional<std::chrono::steady_clock::time_point> last_at_;  ///< Absent at the start of a fold.
};

/// "exact, depth 64, text to picture: 1200 of 2500 queries".
std::string PassLine(const eval::StageProgress& progress, bool has_videos);

/// ", about 7 h 02 min left in all"; of this pass alone while nobody can know the others; empty while not even that.
std::string TimeLeftText(const eval::TimeLeft& time_left, const eval::StageProgress& progress);

}  // namespace sightline::app
