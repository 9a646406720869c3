// SPDX-License-Identifier: BSD-3-Clause
#include "app/job_turn.h"

#include <chrono>
#include <mutex>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/interrupt.h"
#include "app/text.h"
#include "indexer/other_job.h"
#include "storage/lock_file.h"

namespace sightline::app {
namespace {

constexpr std::chrono::milliseconds kLookAgain{100};

bool IsBusy(storage::Collection& collection) {
  const std::unique_lock probe(collection.job_mutex(), std::try_to_lock);
  return !probe;
}

void TellWait(const Session& session, std::string_view for_what) {
  fmt::print(session.io.err, "{}: waiting for its end (Ctrl-C ends the wait)\n", for_what);
}

}  // namespace

void AddWaitFlag(CLI::App& command, bool& wait) {
  command.add_flag("--wait", wait,
                   "While another job or process has the collection: wait for its end instead of failing");
}

Result<CollectionLease> OpenInTurn(const Session& session, bool wait, const std::optional<std::stop_token>& stop,
                                   const std::function<Result<CollectionLease>()>& open) {
  auto opened = open();
  if (opened || !wait || !storage::IsHeldByAnother(opened.error())) return opened;
  TellWait(session, OneLine(opened.error().message));
  std::optional<InterruptHandler> interrupt;
  if (!stop) interrupt.emplace(session, "stopping");
  const std::stop_token stopped = stop ? *stop : interrupt->token();
  while (!opened && storage::IsHeldByAnother(opened.error())) {
    if (stopped.stop_requested()) {
      return Fail(ErrorCode::kCancelled, "stopped while another process had the collection");
    }
    std::this_thread::sleep_for(kLookAgain);
    opened = open();
  }
  return opened;
}

Result<indexer::IndexReport> RunInTurn(const Session& session, storage::Collection& collection, bool wait,
                                       const std::stop_token& stop,
                                       const std::function<Result<indexer::IndexReport>()>& run) {
  for (bool is_told = false;; is_told = true) {
    auto report = run();
    if (report || !indexer::IsOtherJob(report.error())) return report;
    if (!wait) {
      return Fail(ErrorCode::kUnavailable, fmt::format("{}; --wait waits for its end", report.error().message));
    }
    if (!is_told) TellWait(session, indexer::kOtherJob);
    while (!stop.stop_requested() && IsBusy(collection)) std::this_thread::sleep_for(kLookAgain);
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped while another job was running");
  }
}

}  // namespace sightline::app
