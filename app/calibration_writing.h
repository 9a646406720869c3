// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/calibrate_run.h"
#include "app/open.h"
#include "app/session.h"
#include "encoder/calibration.h"
#include "encoder/encoder.h"

namespace sightline::app {

/// Where a calibration goes: a file, the model's directory, the settings of a collection; any of them, or none.
class CalibrationTargets {
 public:
  /// Looks at all of them before the long work begins. `session` must outlive it. Errors: those of OpenCollection,
  /// CheckModelOf and CheckOutputFile.
  static Result<CalibrationTargets> Open(const Session& session, const CalibrateFlags& flags,
                                         const encoder::EncoderInfo& info);

  /// The calibration in use there: the collection's own, where there is one, else the model's.
  const encoder::Calibration& before() const { return before_; }

  /// Writes it, each file at once or not at all. @return a line for each target, which says what was replaced. Errors:
  /// those of OpenCollection and of writing.
  Result<std::vector<std::string>> Write(const encoder::Calibration& calibration) const;

 private:
  const Session* session_ = nullptr;
  std::vector<std::filesystem::path> files_;
  std::string collection_;
  encoder::Calibration before_;
};

}  // namespace sightline::app
