// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string_view>

#include <boost/json.hpp>

#include "storage/collection.h"

/// The objects behind http/record_text.h, for routes that put them into others.
namespace sightline::http {

boost::json::object ItemJson(const storage::ItemRecord& item,
                             std::optional<std::string_view> served_from = std::nullopt);

boost::json::object CollectionJson(std::string_view name, const storage::CollectionConfig& config,
                                   const storage::CollectionStats& stats);

boost::json::object JobRecordJson(const storage::JobRecord& job, std::string_view state, size_t max_errors);

}  // namespace sightline::http
