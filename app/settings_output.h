// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "app/settings_change.h"

namespace sightline::app {

/// How a collection is searched, for people: a line for each setting, with what holds where nothing is set.
/// @param has_model  whether anything is reranked in it.
std::string SettingsTable(const std::string& collection, const SearchSettings& now, bool has_model);

/// The same as JSON: `{"collection": ..., "settings": {...}, "index": {...}}`. What is not set is null, search
/// parameters that the size decides are 0.
std::string SettingsJson(const std::string& collection, const SearchSettings& now);

/// A JSON object: rerank_depth, stop_margin, calibration, tuned; null where nothing is set.
std::string SettingsText(const storage::CollectionSettings& settings);

/// What `tune` measured, for people.
std::string TunedText(const std::string& tuned);

}  // namespace sightline::app
