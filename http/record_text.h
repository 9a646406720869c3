// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "storage/collection.h"
#include "storage/records.h"

/// What a collection holds, as text of JSON objects that are the same from the command line and from the service
/// (docs/HTTP_API.md). Bytes that are no UTF-8 become U+FFFD.
namespace sightline::http {

/// An item. @param served_from  of the service: the collection, for the addresses of the item's bytes.
std::string ItemText(const storage::ItemRecord& item, std::optional<std::string_view> served_from = std::nullopt);

/// A collection with its index.
std::string CollectionText(std::string_view name, const storage::CollectionConfig& config,
                           const storage::CollectionStats& stats);

/// A job as it is stored. @param state  what has become of it, which its record alone does not say.
/// @param max_errors  failed files that are listed.
std::string JobText(const storage::JobRecord& job, std::string_view state, size_t max_errors);

}  // namespace sightline::http
