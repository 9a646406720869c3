// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

#include <boost/json.hpp>

#include "http/job_service.h"

namespace sightline::http {

/// A job as it is now, as every route shows it: its record (http/record_text.h) and what its run tells.
/// @param max_errors  failed files that are listed.
boost::json::object JobJson(const JobView& job, size_t max_errors);

}  // namespace sightline::http
