// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <span>

#include "query/search_state.h"
#include "storage/record_store.h"
#include "storage/vector_index.h"

namespace sightline::query {

/// Gives every living state its candidates, best coarse score first, all from the view that its request names, else
/// from `newest`. The units of a query's own item are left out: "more like this" does not mean this. Units removed
/// meanwhile are left out as well. Where clips may be joined or grouped, it goes on until top_k hits are sure to be
/// left, as far as there are so many. Failures, kDeadlineExceeded included, land in the states.
void FindCandidates(std::span<SearchState> states, const std::shared_ptr<const storage::IndexView>& newest,
                    const storage::RecordStore& records);

}  // namespace sightline::query
