// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

namespace sightline::indexer {

/// Whether `text` has nothing but ASCII white space.
inline bool IsBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos; }

}  // namespace sightline::indexer
