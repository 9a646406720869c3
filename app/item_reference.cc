// SPDX-License-Identifier: BSD-3-Clause
#include "app/item_reference.h"

#include <charconv>
#include <filesystem>
#include <system_error>

namespace sightline::app {

std::vector<std::string> SpellingsOf(const std::string& path) {
  std::vector<std::string> spellings = {path};
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error).lexically_normal();
  if (!error) spellings.push_back(absolute.string());
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
  if (!error) spellings.push_back(canonical.string());
  return spellings;
}

std::optional<ItemId> ParseItemId(const std::string& text) {
  ItemId id;
  const char* end = text.data() + text.size();
  const auto [parsed_to, error] = std::from_chars(text.data(), end, id.value);
  if (error != std::errc() || parsed_to != end) return std::nullopt;
  return id;
}

Result<ItemId> ResolveItem(const storage::RecordStore& records, const std::string& id_or_path) {
  if (const std::optional<ItemId> id = ParseItemId(id_or_path)) return *id;
  for (const std::string& path : SpellingsOf(id_or_path)) {
    SL_ASSIGN_OR_RETURN(const std::optional<ItemId> found, records.FindItem(path));
    if (found) return *found;
  }
  return Fail(ErrorCode::kNotFound, "no item of the collection has the path " + id_or_path);
}

}  // namespace sightline::app
