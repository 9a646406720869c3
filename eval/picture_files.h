// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "base/result.h"
#include "eval/retrieval_set.h"

namespace sightline::eval {

/// Finds pictures where the usual downloads have them. A path that is not there below `folder` is replaced
///   - without its first folder, when `folder` has that name: val2014/1.jpg in data/val2014;
///   - when it is a bare name, by the file of that name in the one subfolder that has it: 1.jpg as val2014/1.jpg.
/// What is still not there, or would be there twice, stays as it is and will be missing.
/// Errors: kNotFound (no such folder), kUnavailable (cannot be listed).
Status FindPictureFiles(const std::filesystem::path& folder, RetrievalSet& set);

}  // namespace sightline::eval
