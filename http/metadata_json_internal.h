// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/json.hpp>

#include "base/metadata.h"

namespace sightline::http {

/// Every key with the list of its values; times as seconds since 1970. Bytes that are no UTF-8 become U+FFFD.
boost::json::object MetadataJson(const Metadata& metadata);

}  // namespace sightline::http
