// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "app/session.h"

namespace CLI {
class App;
}

namespace sightline::app {

/// Adds `eval compare A.json [B.json]`: which of two configurations is better on the same queries, and how surely. The
/// files are what `eval --json --ranks` printed.
void AddEvalCompare(CLI::App& eval, Session& session);

}  // namespace sightline::app
