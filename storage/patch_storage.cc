// SPDX-License-Identifier: BSD-3-Clause
#include "base/check.h"
#include "storage/collection.h"

namespace sightline::storage {

std::string_view NameOf(PatchStorage storage) {
  switch (storage) {
    case PatchStorage::kInt8:
      return "int8";
    case PatchStorage::kFp16:
      return "fp16";
    case PatchStorage::kNone:
      return "none";
  }
  CheckFailed("NameOf: not a PatchStorage", __FILE__, __LINE__);
}

}  // namespace sightline::storage
