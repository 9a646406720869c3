// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "storage/record_store.h"

namespace sightline::app {

/// The ways in which a path that a user typed may be stored: as given, absolute, with links resolved.
std::vector<std::string> SpellingsOf(const std::string& path);

/// The item id when `text` is a number, else nothing.
std::optional<ItemId> ParseItemId(const std::string& text);

/// An item by its id or by one of its paths. An id is taken as it is. Errors: kNotFound (no item has that path), and
/// RecordStore's read errors.
Result<ItemId> ResolveItem(const storage::RecordStore& records, const std::string& id_or_path);

}  // namespace sightline::app
