// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/types.h"
#include "encoder/encoder.h"
#include "storage/collection.h"

namespace sightline::eval {

/// One query that a collection is tuned with.
struct TuningQuery {
  Embedding vector;              ///< Of unit length.
  std::string text{};            ///< The words; empty: there are none.
  std::optional<ItemId> wanted;  ///< The item that the words describe, where that is known.
};

/// Queries to tune with, and where they come from.
struct TuningQueries {
  std::vector<TuningQuery> queries;
  std::vector<UnitType> types{};        ///< What such queries search; empty: everything.
  std::string origin{};                 ///< For people, e.g. "400 of 2500 stored captions".
  bool are_words = false;               ///< All of them have words.
  std::vector<std::string> left_out{};  ///< What of a file cannot be asked, with the reason.
};

/// How far a query that is made of a stored row lies from it: the length of the random vector that is added. A cosine
/// of 0.96 on average.
inline constexpr float kRowNoise = 0.3F;

/// Reads queries from a file. `.npy`: rows, which search everything. `.json`, `.jsonl`: strings, or objects with
/// `text` or `caption` and, where it is known, `item` or `image`, the path of the item that is meant (relative to the
/// file). Anything else: a text of one query per line. More than `most` are thinned out evenly.
/// @param encoder  may be null for rows. Errors: kFailedPrecondition (words without a model), kInvalidArgument (no
/// query in it; rows of another length), those of the readers, of Encoder::EncodeTexts, and kCancelled.
Result<TuningQueries> ReadTuningQueries(const std::filesystem::path& file, const storage::Collection& collection,
                                        encoder::Encoder* encoder, size_t most, const Limits& limits);

/// The words of up to `most` captions that the collection has, drawn at random; the same ones for the same collection.
/// They search pictures and clips. Without captions the list is empty. Errors: read errors, kCancelled.
Result<TuningQueries> QueriesFromCaptions(const storage::Collection& collection, size_t most, const Limits& limits);

/// Up to `most` of the collection's vectors, drawn at random and moved a little (kRowNoise); the same ones for the same
/// collection. They search everything. Errors: read errors, kCancelled.
Result<TuningQueries> QueriesFromRows(const storage::Collection& collection, size_t most, const Limits& limits);

}  // namespace sightline::eval
