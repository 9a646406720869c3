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
#include "eval/query_file.h"
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

/// Rows of a `.npy` file as queries, which search everything. More than `most` are thinned out evenly.
/// Errors: kInvalidArgument (rows of another length, none that can be asked), those of NpyReader, and kCancelled.
Result<TuningQueries> ReadQueryRows(const std::filesystem::path& file, uint32_t dim, size_t most, const Limits& limits);

/// Words of a file, before a model has read them.
struct QueryWords {
  std::vector<WrittenQuery> queries;
  std::string file;                     ///< Its path, for messages.
  size_t in_file = 0;                   ///< Queries before they were thinned out.
  std::vector<std::string> left_out{};  ///< What of the file is no query, with the reason.
};

/// Reads words from a file. `.json`, `.jsonl`: strings, or objects with `text` or `caption` and, where it is known,
/// `item` or `image`, the path of the item that is meant (relative to the file). Anything else: a text of one query per
/// line. More than `most` are thinned out evenly. Errors: kInvalidArgument (no query in it), those of ReadQueryFile.
Result<QueryWords> ReadQueryWords(const std::filesystem::path& file, size_t most);

/// Words as queries, which search pictures and clips. Errors: kInvalidArgument (none can be asked), read errors, those
/// of Encoder::EncodeTexts, and kCancelled.
Result<TuningQueries> EncodeQueryWords(QueryWords words, const storage::Collection& collection,
                                       encoder::Encoder& encoder, const Limits& limits);

/// The words of up to `most` captions that the collection has, drawn at random; the same ones for the same collection.
/// They search pictures and clips. Without captions the list is empty. Errors: read errors, kCancelled.
Result<TuningQueries> QueriesFromCaptions(const storage::Collection& collection, size_t most, const Limits& limits);

/// Up to `most` of the collection's vectors, drawn at random and moved a little (kRowNoise); the same ones for the same
/// collection. They search everything. Errors: read errors, kCancelled.
Result<TuningQueries> QueriesFromRows(const storage::Collection& collection, size_t most, const Limits& limits);

}  // namespace sightline::eval
