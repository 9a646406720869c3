// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "base/result.h"
#include "storage/collection.h"
#include "storage/record_store.h"

namespace sightline::storage {

/// Whether a collection can have this configuration. Errors: kInvalidArgument (dim or patch storage out of range).
Status CheckConfig(const CollectionConfig& config);

/// The half of a commit's rules that needs no stored state: ids are set and named once, embeddings have the
/// collection's length and finite values, the first vector of a unit and only the first has no frame time, tokens have
/// the collection's format and the size that their shape asks for, no path or hash is listed twice. Errors:
/// kInvalidArgument, with the offending id.
Status CheckWriteSet(const WriteSet& changes, const CollectionConfig& config);

/// A hash of zeros means that an item has none; it is not looked up and may repeat.
bool IsSet(const ContentHash& hash);

}  // namespace sightline::storage
