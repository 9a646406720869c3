// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "app/session.h"

namespace CLI {
class App;
}

namespace sightline::app {

// Each adds one subcommand to `app`. When it is parsed, `session.run` becomes the command; both arguments must outlive
// parsing and running. Results go to the session's `out`, progress and remarks to its `err`.

void AddIndexCommand(CLI::App& app, Session& session);
void AddSearchCommand(CLI::App& app, Session& session);
void AddStatusCommand(CLI::App& app, Session& session);
void AddListCommand(CLI::App& app, Session& session);
void AddRemoveCommand(CLI::App& app, Session& session);
void AddVerifyCommand(CLI::App& app, Session& session);
void AddRepairCommand(CLI::App& app, Session& session);
void AddModelCommand(CLI::App& app, Session& session);
/// `model import`; `model` is the subcommand above it.
void AddModelImportCommand(CLI::App& model, Session& session);
void AddEvalCommand(CLI::App& app, Session& session);
void AddCalibrateCommand(CLI::App& app, Session& session);
void AddTuneCommand(CLI::App& app, Session& session);
void AddSettingsCommand(CLI::App& app, Session& session);
void AddImportCommand(CLI::App& app, Session& session);
void AddExportCommand(CLI::App& app, Session& session);
void AddMergeCommand(CLI::App& app, Session& session);
void AddSnapshotCommand(CLI::App& app, Session& session);
void AddRestoreCommand(CLI::App& app, Session& session);
void AddFrameCommand(CLI::App& app, Session& session);
void AddKeyCommand(CLI::App& app, Session& session);
void AddServeCommand(CLI::App& app, Session& session);

}  // namespace sightline::app
