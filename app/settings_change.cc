// SPDX-License-Identifier: BSD-3-Clause
#include "app/settings_change.h"

#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/file_io.h"
#include "encoder/calibration.h"

namespace sightline::app {
namespace {

constexpr uint64_t kMaxCalibrationBytes = 16'000'000;

bool IsAsTuned(const SearchSettings& tuned, const SearchSettings& now) {
  return tuned.settings.rerank_depth == now.settings.rerank_depth &&
         tuned.settings.stop_margin == now.settings.stop_margin && tuned.index == now.index;
}

bool IsAll(const SettingsReset& reset) {
  return reset.rerank_depth && reset.stop_margin && reset.calibration && reset.index;
}

}  // namespace

Result<SettingsReset> ResetFrom(std::span<const std::string> names) {
  SettingsReset reset;
  for (const std::string& name : names) {
    const bool all = name == "all";
    if (!all && name != "rerank-depth" && name != "stop-margin" && name != "calibration" && name != "index") {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("nothing is called \"{}\" that could be taken back; there are rerank-depth, stop-margin, "
                              "calibration, index and all",
                              name));
    }
    reset.rerank_depth |= all || name == "rerank-depth";
    reset.stop_margin |= all || name == "stop-margin";
    reset.calibration |= all || name == "calibration";
    reset.index |= all || name == "index";
  }
  return reset;
}

Result<std::string> ReadCalibrationFile(const std::filesystem::path& file) {
  SL_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMaxCalibrationBytes));
  const auto calibration = encoder::ParseCalibration(text);
  if (calibration) return encoder::CalibrationToJson(*calibration);
  return Fail(calibration.error().code, fmt::format("{}: {}", file.string(), calibration.error().message));
}

SearchSettings Changed(SearchSettings before, const SettingsChange& change) {
  SearchSettings now = before;
  if (change.reset.rerank_depth) now.settings.rerank_depth.reset();
  if (change.reset.stop_margin) now.settings.stop_margin.reset();
  if (change.reset.calibration) now.settings.calibration.clear();
  if (change.reset.index) now.index.probes = now.index.ef_search = now.index.refine_factor = 0;
  if (change.rerank_depth) now.settings.rerank_depth = change.rerank_depth;
  if (change.stop_margin) now.settings.stop_margin = change.stop_margin;
  if (!change.calibration.empty()) now.settings.calibration = change.calibration;
  if (IsAll(change.reset) || !IsAsTuned(before, now)) now.settings.tuned.clear();
  return now;
}

SearchSettings SearchSettingsOf(const storage::Collection& collection) {
  return {.settings = collection.settings(), .index = collection.index_options()};
}

Status Store(const SettingsChange& change, const std::string& name, storage::Collection& collection) {
  const bool about_reranking = change.rerank_depth || change.stop_margin || !change.calibration.empty();
  if (about_reranking && collection.config().model_fingerprint.empty()) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("collection \"{}\" holds raw vectors without a model: nothing is reranked in it, so it has "
                            "no rerank depth, stop margin or calibration",
                            name));
  }
  const std::lock_guard changing(collection.change_mutex());
  const SearchSettings before = SearchSettingsOf(collection);
  const SearchSettings now = Changed(before, change);
  // First what is checked: nothing is stored of a change that is wrong.
  if (now.settings != before.settings) SL_RETURN_IF_ERROR(collection.SetSettings(now.settings));
  if (now.index != before.index) SL_RETURN_IF_ERROR(collection.SetIndexOptions(now.index));
  return {};
}

}  // namespace sightline::app
