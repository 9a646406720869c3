// SPDX-License-Identifier: BSD-3-Clause
#include "query/collection_calibration.h"

#include <utility>

namespace sightline::query {

Result<std::shared_ptr<const encoder::Calibration>> CollectionCalibration::Get(const std::string& text,
                                                                               const encoder::Calibration& models) {
  if (text.empty()) return std::make_shared<const encoder::Calibration>(models);
  const std::lock_guard lock(mutex_);
  if (parsed_ != nullptr && text == text_) return parsed_;
  auto parsed = encoder::ParseCalibration(text);
  if (!parsed) {
    return Fail(ErrorCode::kFailedPrecondition, "the collection's own calibration: " + parsed.error().message);
  }
  parsed_ = std::make_shared<const encoder::Calibration>(*std::move(parsed));
  text_ = text;
  return parsed_;
}

}  // namespace sightline::query
