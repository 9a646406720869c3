// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "query/content.h"
#include "storage/collection.h"

namespace sightline::query {

/// An item of a collection, whose embeddings and patches are there already.
struct StoredContent {
  std::shared_ptr<storage::Collection> collection;
  ItemId item;
};

/// What is compared with a query.
using PairDocument = std::variant<std::string, ImageRgb8, StoredContent>;

/// How well a document fits a query; the fields are those of a Moment.
struct PairScore {
  float coarse_score = 0;
  std::optional<float> match_logit{};  ///< Absent where both are words or both are pictures.
  std::optional<double> rank_score{};
  std::optional<double> match_probability{};
};

/// What was read, for those who count.
struct PairUsage {
  size_t text_tokens = 0;
};

/// Compares every document with the query as a search does with its candidates (architecture, section 3): words are
/// read against patches, a picture against token states, and like against like by embedding alone. A video is its clip
/// that is nearest to the query.
/// @param query  words or a picture.   @param usage  may be null.
/// @return one result per document, in order. Per-document errors: those of EncodeContents; kNotFound (no such item),
/// kFailedPrecondition (the item's collection was made by another model), kUnavailable (the patches of an item cannot
/// be had any more).
/// Errors: those of EncodeContents for the query, kCancelled, kDeadlineExceeded.
Result<std::vector<Result<PairScore>>> ScorePairs(const Content& query, std::span<const PairDocument> documents,
                                                  encoder::Encoder& encoder, const Limits& limits,
                                                  PairUsage* usage = nullptr);

}  // namespace sightline::query
