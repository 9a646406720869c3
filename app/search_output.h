// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "query/searcher.h"

namespace sightline::app {

/// What was searched for and where, for every form of output.
struct SearchSubject {
  std::string collection;
  std::string words;     ///< Empty without words.
  std::string picture;   ///< Path; empty without a picture.
  std::string vector{};  ///< As given on the command line; empty without one.
  uint64_t item = 0;     ///< 0 without an item.
  uint64_t units = 0;    ///< Of the collection.
  std::optional<double> min_match;
  std::vector<UnitType> types;  ///< As asked for; empty: not asked.
  bool has_filter = false;      ///< Something else than types was asked for.
  bool explain = false;         ///< Show how the answer came about.
};

/// "a dog" / like dog.jpg / near query.npy / like item 12, or two of them: for headings.
std::string Describe(const SearchSubject& subject);

/// Why there is no hit, as one sentence; empty when there are hits.
std::string NoMatchSentence(const SearchSubject& subject, const query::SearchAnswer& answer);

/// "500 searched, 64 reranked, 81 ms", with remarks on what was cut, hidden or left out.
std::string Summary(const SearchSubject& subject, const query::SearchAnswer& answer);

/// "0:12-0:20, best 0:14"; empty for what has no time.
std::string TimeCell(const query::Moment& moment);

/// The path; of a caption its words, then the path.
std::string NameOfHit(const query::Hit& hit);

/// A table for people, ending in a line break. Weak hits are marked with '~'.
std::string AnswerTable(const SearchSubject& subject, const query::SearchAnswer& answer);

/// One JSON object on one line (docs/ARCHITECTURE.md, hits of the HTTP interface).
std::string AnswerJson(const SearchSubject& subject, const query::SearchAnswer& answer);

}  // namespace sightline::app
