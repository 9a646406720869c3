// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>

#include "encoder/encoder.h"
#include "indexer/work_item.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// Gives the units of all kNewContent items their vectors and tokens, in one encoder call for each kind: pictures,
/// clips, captions. An item with a unit that cannot be encoded becomes kFailed. When memory runs out, each unit is
/// tried again by itself. Blocking, CPU- or GPU-bound; not stoppable: a batch in hand is finished.
/// @return how many units were encoded.
uint64_t EncodeItems(encoder::Encoder& encoder, storage::PatchStorage patch_storage, std::span<WorkItem> items);

}  // namespace sightline::indexer
