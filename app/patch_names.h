// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include "storage/collection.h"

namespace sightline::app {

/// The inverse of storage::NameOf for the values of --patches, which the parser has checked; int8 for an empty one.
inline storage::PatchStorage PatchStorageFromName(std::string_view name) {
  if (name == "fp16") return storage::PatchStorage::kFp16;
  return name == "none" ? storage::PatchStorage::kNone : storage::PatchStorage::kInt8;
}

}  // namespace sightline::app
