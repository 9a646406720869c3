// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include <boost/json.hpp>

namespace sightline::app {

/// Texts as a JSON array; what is not UTF-8 in them as ValidUtf8 has it.
boost::json::array JsonTexts(const std::vector<std::string>& texts);

}  // namespace sightline::app
