// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "indexer/indexer.h"
#include "storage/records.h"

namespace sightline::indexer {

/// What an indexing run works on and how, as its job record keeps it: paths, and options in the spelling of the command
/// line ("--captions=FILE", "--clip-seconds=4"). Of the options only those that decide what is stored and are not the
/// default. What was given as it is (`files`' metadata, `texts`) is not in it.
std::vector<std::string> JobInputs(const IndexInputs& inputs, const IndexOptions& options);

/// The inverse: what resuming such a job indexes. Errors: kInvalidArgument (a job that is no indexing run; a shard that
/// cannot be read).
Result<IndexInputs> InputsOfJob(const storage::JobRecord& job);

/// `options` with what decided what the job stored. Errors: kInvalidArgument (a number that cannot be read).
Result<IndexOptions> OptionsOfJob(const storage::JobRecord& job, IndexOptions options);

}  // namespace sightline::indexer
