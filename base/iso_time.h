// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string_view>

#include "base/metadata.h"

namespace sightline {

/// An ISO 8601 date, or date and time: "2024-05-01", "2024-05-01T18:30", "2024-05-01 18:30:15.25+02:00". Without a zone
/// it is UTC; fractions of a second are dropped; years 0000 to 9999. Nothing for any other text.
std::optional<Timestamp> ParseIsoTime(std::string_view text);

}  // namespace sightline
