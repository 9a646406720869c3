// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "indexer/item_kind.h"

namespace sightline::app {

using indexer::CaptionWords;
using indexer::DurationUs;
using indexer::ItemKind;
using indexer::ItemMatches;
using indexer::KindOf;

/// "640x480", "1280x720, 0:50, 7 clips", "caption", "vector": for one column of a list.
std::string DescribeItem(const storage::ItemRecord& item);

}  // namespace sightline::app
