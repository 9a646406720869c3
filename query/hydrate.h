// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include "query/search_state.h"
#include "storage/record_store.h"

namespace sightline::query {

/// Turns the candidates of every living state into hits with path and metadata. Items removed meanwhile are left out.
/// Read errors fail the state.
void Hydrate(std::span<SearchState> states, const storage::RecordStore& records);

}  // namespace sightline::query
