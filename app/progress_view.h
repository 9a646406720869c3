// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/streams.h"
#include "indexer/indexer.h"

namespace sightline::app {

enum class ProgressStyle {
  kAuto,   ///< A bar when stderr is a terminal, else a plain line now and then.
  kJson,   ///< JSON lines on the results' stream.
  kQuiet,  ///< Only failed files, on stderr.
};

/// The line that tells people how a run goes, and how far a video is looked through for scene cuts: the counts may
/// stand still for minutes then.
/// `noun`: what is counted.
std::string ProgressLine(const indexer::IndexProgress& progress, std::string_view noun = "files");

/// Shows a run to the user. Failed files are named in every style.
std::unique_ptr<indexer::IndexObserver> MakeProgressView(const Streams& io, ProgressStyle style,
                                                         std::string_view noun = "files");

/// Prints what a finished or stopped run did: one line for people, or the closing JSON event.
void PrintIndexReport(const Streams& io, const indexer::IndexReport& report, bool dry_run, ProgressStyle style,
                      std::string_view noun = "files");

}  // namespace sightline::app
