// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "http/message.h"
#include "http/problem.h"

namespace sightline::http {

/// How much an Accept field (RFC 9110, 12.5.1) wants an answer of this type: 0, not at all, to 1. The range that names
/// the type most closely decides; of several equal ones the kindest. Parameters other than q are not compared, and an
/// element that is no range or has no valid q is as if it were not there. A field without any range takes everything.
/// @param media_type  "application/json", without parameters.
double AcceptQuality(std::string_view accept, std::string_view media_type);

/// Whether the client takes any of these types, or has not said what it takes: otherwise the problem, 406.
std::optional<Problem> CheckAcceptable(const Headers& headers, std::span<const std::string_view> media_types);

}  // namespace sightline::http
