// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "app/open.h"
#include "app/session.h"
#include "base/result.h"
#include "indexer/indexer.h"
#include "storage/collection.h"

namespace CLI {
class App;
}

namespace sightline::app {

/// Adds --wait. `wait` must outlive parsing.
void AddWaitFlag(CLI::App& command, bool& wait);

/// Calls `open`, which opens or makes a collection for a job. While another process has the collection it is refused,
/// or with `wait` called again until it is free; the wait is told once. Errors: those of `open`; kCancelled (stopped
/// while it waited). @param stop  absent: an InterruptHandler is made for the wait; there can be one at a time.
Result<CollectionLease> OpenInTurn(const Session& session, bool wait, const std::optional<std::stop_token>& stop,
                                   const std::function<Result<CollectionLease>()>& open);

/// Calls `run`, which runs one job in `collection`. While another job runs there (a server's, or that of another
/// command that works through the server), it is refused, or with `wait` called again once that job has ended; the
/// wait is told once. Errors: those of `run`; kUnavailable (another job runs), kCancelled (stopped while it waited).
Result<indexer::IndexReport> RunInTurn(const Session& session, storage::Collection& collection, bool wait,
                                       const std::stop_token& stop,
                                       const std::function<Result<indexer::IndexReport>()>& run);

}  // namespace sightline::app
