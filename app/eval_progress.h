// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "app/streams.h"
#include "eval/stages.h"

namespace sightline::app {

/// Shows on stderr how the stages of an evaluation go: one line that changes on a terminal; otherwise one when a pass
/// begins and ends, and one every 30 s. Confined to one thread.
class EvalProgressView {
 public:
  EvalProgressView(const Streams& io, bool has_videos) : io_(io), has_videos_(has_videos) {}
  ~EvalProgressView() { Clear(); }
  EvalProgressView(const EvalProgressView&) = delete;
  EvalProgressView& operator=(const EvalProgressView&) = delete;

  void Show(const eval::StageProgress& progress);

 private:
  void ShowReused(const eval::StageProgress& progress) const;
  void Clear();

  const Streams io_;
  const bool has_videos_;
  std::optional<double> first_work_;  ///< What was left at the start.
  std::chrono::steady_clock::time_point start_;
  std::optional<size_t> shown_pass_;
  std::chrono::steady_clock::time_point shown_at_;
  bool line_open_ = false;
};

/// "exact, depth 64, text to picture: 1200 of 2500 queries".
std::string PassLine(const eval::StageProgress& progress, bool has_videos);

}  // namespace sightline::app
