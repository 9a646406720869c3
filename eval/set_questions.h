// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <stop_token>
#include <vector>

#include "eval/gallery.h"
#include "eval/live_protocol.h"
#include "eval/retrieval_set.h"
#include "query/searcher.h"

namespace sightline::eval {

/// One query of a set, and which items are right answers.
struct SetQuestion {
  size_t asked = 0;  ///< Which caption or picture of the set asks.
  size_t image = 0;  ///< The picture that it is about.
  query::SearchQuery query = {};
  std::vector<ItemId> wanted = {};  ///< Never empty.
};

/// Every caption whose picture is there, or every picture that is there with captions that are, in order of the set.
std::vector<SetQuestion> QuestionsOf(const RetrievalSet& set, const Gallery& gallery, Direction direction);

/// A search for what `direction` asks for: every unit by itself. Depth and number of hits are still to be set.
query::SearchRequest RequestFor(const SetQuestion& question, Direction direction, std::stop_token stop);

}  // namespace sightline::eval
