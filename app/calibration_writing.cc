// SPDX-License-Identifier: BSD-3-Clause
#include "app/calibration_writing.h"

#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "app/output_file.h"
#include "base/file_io.h"

namespace sightline::app {
namespace {

constexpr uint64_t kMaxBytes = 16'000'000;

// What a text of calibration.json was fitted on, for people.
std::string Describe(const Result<encoder::Calibration>& calibration) {
  if (!calibration) return "something that is no calibration";
  return calibration->fitted_on.empty() ? "one that was not fitted"
                                        : fmt::format("the one fitted on \"{}\"", calibration->fitted_on);
}

Result<std::string> WriteFile(const std::filesystem::path& path, const std::string& json) {
  std::string line = fmt::format("wrote {}", path.string());
  const auto old = ReadFile(path, kMaxBytes);
  if (old || old.error().code != ErrorCode::kNotFound) {
    const auto parsed = old ? encoder::ParseCalibration(*old) : tl::unexpected<Error>(old.error());
    line += fmt::format("; it replaces {}", Describe(parsed));
  }
  SL_RETURN_IF_ERROR(WriteFileAtomically(path, json));
  return line;
}

// The collection is opened only now: the long work in between does not keep others out of it.
Result<std::string> WriteSettings(const Session& session, const std::string& name, const std::string& json) {
  SL_ASSIGN_OR_RETURN(const CollectionLease collection, OpenCollection(session, name));
  const std::lock_guard changing(collection->change_mutex());
  storage::CollectionSettings settings = collection->settings();
  std::string line = fmt::format("stored in collection {}", name);
  if (!settings.calibration.empty()) {
    line += fmt::format("; it replaces {}", Describe(encoder::ParseCalibration(settings.calibration)));
  }
  settings.calibration = json;
  SL_RETURN_IF_ERROR(collection->SetSettings(settings));
  return line;
}

}  // namespace

Result<CalibrationTargets> CalibrationTargets::Open(const Session& session, const CalibrateFlags& flags,
                                                    const encoder::EncoderInfo& info) {
  CalibrationTargets targets;
  targets.session_ = &session;
  targets.before_ = info.calibration;
  if (!flags.out.empty()) targets.files_.emplace_back(flags.out);
  if (flags.write_model) {
    SL_ASSIGN_OR_RETURN(const auto model, ModelDirOf(session, flags.model));
    targets.files_.push_back(model / "calibration.json");
  }
  for (const std::filesystem::path& file : targets.files_) SL_RETURN_IF_ERROR(CheckOutputFile(file));
  if (!flags.collection.empty()) {
    targets.collection_ = flags.collection;
    SL_ASSIGN_OR_RETURN(const CollectionLease collection, OpenCollection(session, flags.collection));
    SL_RETURN_IF_ERROR(CheckModelOf(flags.collection, collection->config(), info));
    // What cannot be read is what is going to be replaced.
    if (auto own = encoder::ParseCalibration(collection->settings().calibration)) targets.before_ = *std::move(own);
  }
  return targets;
}

Result<std::vector<std::string>> CalibrationTargets::Write(const encoder::Calibration& calibration) const {
  const std::string json = encoder::CalibrationToJson(calibration);
  std::vector<std::string> lines;
  for (const std::filesystem::path& file : files_) {
    SL_ASSIGN_OR_RETURN(lines.emplace_back(), WriteFile(file, json));
  }
  if (!collection_.empty()) {
    SL_ASSIGN_OR_RETURN(lines.emplace_back(), WriteSettings(*session_, collection_, json));
  }
  return lines;
}

}  // namespace sightline::app
