// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/json.hpp>

#include "base/metadata.h"

namespace sightline::app {

/// Every key with the list of its values; times as seconds since 1970.
boost::json::object MetadataJson(const Metadata& metadata);

}  // namespace sightline::app
