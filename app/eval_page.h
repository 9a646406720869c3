// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "app/eval_output.h"

namespace sightline::app {

/// A page that needs nothing but itself: recall against rerank depth and against latency, how often the match
/// probability of first hits is right, every figure with its interval, what differs from the first row and how surely,
/// and what took no part. Light and dark, no scripts. Of the matrix protocol there are figures alone.
std::string EvalPage(const EvalOutput& output);

}  // namespace sightline::app
