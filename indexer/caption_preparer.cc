// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/caption_preparer.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/sha256.h"
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

bool IsBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos; }

// Bytes of the well-formed UTF-8 sequence at the start of `text` (Unicode, table 3-7), 0 when there is none.
size_t SequenceLength(std::string_view text) {
  const auto at = [text](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  if (lead < 0xC2 || lead > 0xF4 || at(1) < low || at(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (at(i) < 0x80 || at(i) > 0xBF) return 0;
  }
  return length;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

Status PrepareCaption(WorkItem& item, const ContentKnown& is_known) {
  const std::string& words = *item.input.words;
  if (IsBlank(words)) {
    item.Fail("the caption is empty");
    return {};
  }
  if (!IsUtf8(words)) {
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
