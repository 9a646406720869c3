// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace sightline::http {

/// Where the next page of an answer begins.
struct Cursor {
  Epoch epoch;              ///< The state that the first page saw.
  size_t offset = 0;        ///< Hits on the pages before, when they were shown.
  size_t rerank_depth = 0;  ///< Of the first page; another depth would give another order.
  size_t read_depth = 0;    ///< How far the first page read: less where it stopped early.
  uint64_t query = 0;       ///< A digest of what was asked (DigestOfQuery).
  /// Units of the last hits before, the last first; 0: there were no more. What was removed since is not found again
  /// and the others move up, so the next page begins behind the last hit that is still there; without any, with the
  /// first that is worse than the last one was.
  std::array<uint64_t, 4> last{};
  bool reranked = false;  ///< The last hit; then `score` is its rank score, else its coarse score.
  double score = 0;

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

/// Letters, digits and dashes; opaque to clients. Nobody is kept from making one up: it says nothing that the asker
/// could not ask for otherwise.
std::string ToText(const Cursor& cursor);
/// Nothing for any other text.
std::optional<Cursor> ParseCursor(std::string_view text);

/// The same for what asks the same. @param canonical  everything that decides about order, written in one way only.
uint64_t DigestOfQuery(std::string_view canonical);

}  // namespace sightline::http
