// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "encoder/calibration.h"

namespace sightline::query {

/// The calibration that a collection's settings name, read again only when they change. Thread-safe.
class CollectionCalibration {
 public:
  /// @param text  of the settings; empty: `models` it is. Errors: kFailedPrecondition (it cannot be read).
  Result<std::shared_ptr<const encoder::Calibration>> Get(const std::string& text, const encoder::Calibration& models);

 private:
  std::mutex mutex_;
  std::string text_;
  std::shared_ptr<const encoder::Calibration> parsed_;
};

}  // namespace sightline::query
