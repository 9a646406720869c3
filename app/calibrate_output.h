// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "encoder/calibration.h"
#include "eval/calibration_fit.h"
#include "eval/calibration_report.h"

namespace sightline::app {

/// Everything that a calibration prints. Videos count as pictures.
struct CalibrateOutput {
  std::string set;
  std::string model;
  size_t depth = 0;
  eval::CalibrationFit fit;
  std::string fit_pictures;     ///< "even", "odd" or "all".
  std::string report_pictures;  ///< The other ones; "cross-validation" when all were fitted on.
  eval::CalibrationFigures fresh;
  eval::CalibrationFigures before;  ///< Of the calibration that the model or the collection has, on the same queries.
  std::string before_fitted_on;     ///< Empty: it is not fitted.
  std::vector<eval::AnswerRate> answers;
  /// Pictures asked for captions; absent where no captions were read against pictures.
  std::optional<eval::CalibrationFigures> picture_to_text;
  std::vector<std::string> missing;   ///< What could not be indexed, with the reason.
  std::vector<std::string> left_out;  ///< Captions that the set's reader refused, with place and reason.
  std::vector<std::string> written;   ///< Where the calibration went, and what was replaced there.
};

/// For people.
std::string CalibrateTable(const CalibrateOutput& output);

/// One JSON object on one line; `calibration` in it is the content of calibration.json.
std::string CalibrateJson(const CalibrateOutput& output);

/// A page that needs nothing but itself, with the reliability diagram; light and dark, no scripts.
std::string CalibrateHtml(const CalibrateOutput& output);

}  // namespace sightline::app
