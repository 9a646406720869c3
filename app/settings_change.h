// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "storage/collection.h"

namespace sightline::app {

/// How a collection is searched where a search does not say otherwise.
struct SearchSettings {
  storage::CollectionSettings settings{};
  storage::IndexOptions index{};  ///< Only the search parameters are changed: probes, ef_search, refine_factor.

  friend bool operator==(const SearchSettings&, const SearchSettings&) = default;
};

/// What of that is taken back, which leaves it to the model, the program and the size of the index.
struct SettingsReset {
  bool rerank_depth = false;
  bool stop_margin = false;
  bool calibration = false;
  bool index = false;
};

/// What is changed: first taken back, then set.
struct SettingsChange {
  SettingsReset reset{};
  std::optional<uint32_t> rerank_depth{};
  std::optional<double> stop_margin{};
  std::string calibration{};  ///< The text of a calibration.json. Empty: none is set.
};

/// Reads names of what is taken back: rerank-depth, stop-margin, calibration, index, or all. Errors: kInvalidArgument,
/// which lists them.
Result<SettingsReset> ResetFrom(std::span<const std::string> names);

/// The text of a calibration, in the form that is stored. Errors name the file: those of ReadFile and
/// encoder::ParseCalibration.
Result<std::string> ReadCalibrationFile(const std::filesystem::path& file);

/// `before` with the change. What `tune` noted goes as soon as something is no longer as it was chosen (rerank depth,
/// stop margin or search parameters), and when everything is taken back.
SearchSettings Changed(SearchSettings before, const SettingsChange& change);

SearchSettings SearchSettingsOf(const storage::Collection& collection);

/// Changes what is stored; searches that begin later see it. Errors: kFailedPrecondition (something about reranking is
/// set, and the collection `name` has no model), those of SetSettings and SetIndexOptions.
Status Store(const SettingsChange& change, const std::string& name, storage::Collection& collection);

}  // namespace sightline::app
