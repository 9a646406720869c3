// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "base/result.h"
#include "indexer/content_known.h"
#include "indexer/work_item.h"

namespace sightline::indexer {

/// Hashes a caption, words and metadata together, and makes its unit unless `is_known(hash)`: kKnownContent,
/// kNewContent, or kFailed (empty, not UTF-8). Errors: those of `is_known`.
Status PrepareCaption(WorkItem& item, const ContentKnown& is_known);

}  // namespace sightline::indexer
