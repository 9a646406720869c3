// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "query/searcher.h"

namespace sightline::app {

/// How an answer came about, for people: what was planned and done for the filter, what the coarse stage looked at,
/// where the time went, and the scores of every hit. Ends in a line break.
std::string ExplainText(const query::SearchAnswer& answer);

}  // namespace sightline::app
