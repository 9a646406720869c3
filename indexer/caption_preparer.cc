// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/caption_preparer.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/sha256.h"
#include "encoder/text/unicode.h"
#include "indexer/blank.h"
#include "indexer/item_metadata.h"

namespace sightline::indexer {
namespace {

// Keeps captions apart from files that happen to have the same bytes.
constexpr std::string_view kHashDomain = "sightline caption 1\n";

storage::ContentHash HashOf(const Metadata& metadata) {
  Sha256 sha;
  sha.Update(kHashDomain);
  HashMetadata(sha, metadata);
  const Sha256Digest digest = sha.Finish();
  storage::ContentHash hash;
  std::copy_n(digest.begin(), hash.size(), hash.begin());
  return hash;
}

}  // namespace

Status PrepareCaption(WorkItem& item, const ContentKnown& is_known) {
  const std::string& words = *item.input.words;
  if (IsBlank(words)) {
    item.Fail("the caption is empty");
    return {};
  }
  if (!encoder::CheckUtf8(words)) {
    item.Fail("the caption is not UTF-8");
    return {};
  }
  item.location.size_bytes = words.size();
  item.hash = HashOf(item.input.metadata.value_or(Metadata{}));
  SL_ASSIGN_OR_RETURN(const bool known, is_known(item.hash));
  if (known) {
    item.state = WorkState::kKnownContent;
    return {};
  }
  WorkUnit unit;
  unit.stored.record.type = UnitType::kText;
  unit.input = words;
  item.units.push_back(std::move(unit));
  item.state = WorkState::kNewContent;
  return {};
}

}  // namespace sightline::indexer
