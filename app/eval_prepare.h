// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "app/session.h"

namespace CLI {
class App;
}

namespace sightline::app {

/// Adds `eval prepare KIND FOLDER`, which checks what a data folder has of a dataset: kOk when it is complete,
/// kNoResult when something is missing. Both arguments must outlive parsing and running.
void AddEvalPrepare(CLI::App& eval, Session& session);

}  // namespace sightline::app
