// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/filter.h"
#include "base/ids.h"
#include "base/result.h"
#include "storage/records.h"

namespace sightline::storage {

// Note [Terms]
// A term says that an item has a value under a key. Terms lie in order of field, type and value, so a condition is one
// or a few runs of them, and the items that it holds for are read off their ends. Three things keep them small:
//   - a keyword counts with its first kMaxTermBytes bytes; what is longer is marked, and a condition that would need
//   the
//     rest finds items that only may have the value;
//   - an item with more than kMaxTermsPerField different values under one key has one mark instead, and may have any;
//   - keys longer than kMaxFieldBytes are not indexed: conditions on them are decided from the records alone.
// Paths are in the family `paths` already, every one of an item; but filters ask for the first path only. So an item
// with several paths has a mark under "path" and only may have what is found there. A metadata key "path" can be
// reached by no filter.

inline constexpr size_t kMaxFieldBytes = 254;
inline constexpr size_t kMaxTermBytes = 128;
inline constexpr size_t kMaxTermsPerField = 256;

/// The terms of an item: keys of the family `terms`, ascending, each once.
std::vector<std::string> TermKeysOf(const ItemRecord& item);

/// The item that a term belongs to. Errors: kCorruption (too short to be a term).
Result<ItemId> ItemOfTermKey(std::string_view key);

/// Where the items that a condition holds for are found.
struct TermRange {
  bool in_paths = false;  ///< Keys of the family `paths` instead of `terms`.
  std::string first;
  std::string end;      ///< Behind the last key.
  bool is_sure = true;  ///< Whoever is found here has the value; otherwise the record must be asked.

  friend bool operator==(const TermRange&, const TermRange&) = default;
};

/// The ranges whose items are those that may meet the condition; nullopt when terms cannot tell. No ranges: no item
/// does.
std::optional<std::vector<TermRange>> TermRangesOf(const MatchCondition& condition);
std::optional<std::vector<TermRange>> TermRangesOf(const RangeCondition& condition);
std::optional<std::vector<TermRange>> TermRangesOf(const PrefixCondition& condition);
std::optional<std::vector<TermRange>> TermRangesOf(const ExistsCondition& condition);

/// The items with several paths.
TermRange SeveralPathsRange();

}  // namespace sightline::storage
