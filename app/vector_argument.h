// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "base/result.h"
#include "base/types.h"

namespace sightline::app {

/// The vector that a command line names: a JSON array of numbers, or an npy file with one row, or `FILE.npy#ROW` with
/// the row from 0. Not normalised. Errors: kInvalidArgument (not an array of numbers; several rows and none chosen; no
/// such row), kCorruption (the file cannot be read).
Result<Embedding> ReadVectorArgument(const std::string& argument);

}  // namespace sightline::app
