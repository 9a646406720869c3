// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include <boost/json.hpp>

#include "http/job_service.h"
#include "http/metadata_json_internal.h"
#include "storage/collection.h"

namespace sightline::http {

/// An item of a collection, as every route shows it.
boost::json::object ItemJson(std::string_view collection, const storage::ItemRecord& item);

/// A collection, as every route shows it.
boost::json::object CollectionJson(std::string_view name, const storage::CollectionConfig& config,
                                   const storage::CollectionStats& stats);

/// A job. @param max_errors  failed files that are listed.
boost::json::object JobJson(const JobView& job, size_t max_errors);

}  // namespace sightline::http
