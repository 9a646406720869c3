// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>

#include "base/result.h"
#include "storage/records.h"

namespace sightline::indexer {

/// Asked once the content of an input has been hashed: true, and it need not be decoded. May fail with the errors of
/// the record store.
using ContentKnown = std::function<Result<bool>(const storage::ContentHash&)>;

}  // namespace sightline::indexer
