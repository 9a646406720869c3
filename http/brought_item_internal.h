// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <variant>

#include "http/api_internal.h"
#include "http/item_intake.h"
#include "http/problem.h"
#include "indexer/indexer.h"

namespace sightline::http {

/// An item that a request brings.
struct BroughtItem {
  std::variant<BroughtFile, indexer::GivenCaption> item;
  std::string field;  ///< Where it stands in the request, for what turns out to be wrong with it.
};

/// Reads a request to add an item: a form with a file; or as JSON the path of a file of this machine, a file in base64,
/// or a caption. Hashes what is uploaded. `request` must outlive the item. Errors: kInvalidArgument and kNotFound with
/// their field, 415 (neither picture nor video; a body of another type), those of ParseMultipart and ParseJsonBody.
ProblemOr<BroughtItem> ReadBroughtItem(const Api& api, const HostedCollection& hosted, const Request& request);

/// Of one item, as a client sends it and with what it has already.
inline constexpr size_t kMaxMetadataBytes = size_t{1} << 20;

/// Metadata that a client sent, as text of JSON. Errors: kInvalidArgument (longer than kMaxMetadataBytes), those of
/// indexer::ParseMetadata; with `field`.
ProblemOr<Metadata> ParseMetadataField(const std::string& text, const std::string& field);

}  // namespace sightline::http
