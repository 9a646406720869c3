// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>

#include "app/open.h"
#include "app/session.h"
#include "eval/retrieval_set.h"

namespace sightline::app {

struct CalibrateFlags {
  std::string set;     ///< The file.
  std::string folder;  ///< Where the set's paths start.
  std::string pictures = "even";
  size_t depth = 32;
  std::optional<int> frames;
  std::string keep;          ///< Empty: a scratch folder.
  std::string name;          ///< What the calibration says that it was fitted on; empty: the file's name and counts.
  std::string out;           ///< File for the calibration; empty: none.
  std::string html;          ///< File for a page; empty: none.
  std::string collection;    ///< Whose own calibration it becomes; empty: nobody's.
  bool write_model = false;  ///< Replaces the model's.
  ModelOptions model;
  bool json = false;
};

/// Fits a calibration on the chosen pictures of the set, reports on the others, writes it where the flags say and
/// prints what was found. Without a place to write to it only measures. Errors: those of OpenModel, IndexGallery, of
/// collecting candidates, and of writing; what the set lacks for a fit is an error of input.
Result<ExitCode> RunCalibrate(const Session& session, const CalibrateFlags& flags, const eval::RetrievalSet& set);

}  // namespace sightline::app
