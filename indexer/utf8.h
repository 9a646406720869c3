// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

namespace sightline::indexer {

/// Whether `text` is well-formed UTF-8 (Unicode, table 3-7).
bool IsUtf8(std::string_view text);

/// Whether `text` has nothing but ASCII white space.
bool IsBlank(std::string_view text);

}  // namespace sightline::indexer
