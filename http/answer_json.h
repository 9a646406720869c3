// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "query/searcher.h"

namespace sightline::http {

/// What was searched for and where, for every form of output.
struct SearchSubject {
  std::string collection;
  std::string words;     ///< Empty without words.
  std::string picture;   ///< What the asker calls it, as its path; empty without a picture.
  std::string vector{};  ///< What the asker calls it; empty without one.
  uint64_t item = 0;     ///< 0 without an item.
  uint64_t units = 0;    ///< Of the collection.
  std::optional<double> min_match;
  std::vector<UnitType> types;  ///< As asked for; empty: not asked.
  bool has_filter = false;      ///< Something else than types was asked for.
  bool explain = false;         ///< Show how the answer came about.
};

/// What an answer of the service has besides.
struct ServedAnswer {
  std::string cursor;  ///< Of the next page; empty: there is none.
};

/// An answer as one JSON object on one line, the same from the command line and from the service (docs/HTTP_API.md).
/// @param served  of the service: then hits have the addresses of their bytes, and the answer has a cursor.
std::string AnswerJson(const SearchSubject& subject, const query::SearchAnswer& answer,
                       const std::optional<ServedAnswer>& served = std::nullopt);

}  // namespace sightline::http
