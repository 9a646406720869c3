// SPDX-License-Identifier: BSD-3-Clause
#include "query/tokens.h"

#include <memory>
#include <utility>
#include <vector>

#include "query/reencode.h"

namespace sightline::query {
namespace {

Result<TokenTable> ReadStored(std::span<const UnitId> units, const storage::RecordStore& records) {
  TokenTable table;
  SL_ASSIGN_OR_RETURN(auto matrices, records.GetTokens(units));
  for (size_t i = 0; i < units.size(); ++i) {
    if (matrices[i]) table.emplace(units[i], std::make_shared<const TokenMatrix>(*std::move(matrices[i])));
  }
  return table;
}

Result<TokenTable> ReadOrEncode(std::span<const UnitId> units, const TokenSource& source, const Limits& limits) {
  const storage::RecordStore& records = source.collection.records();
  if (source.collection.config().patch_storage != storage::PatchStorage::kNone) return ReadStored(units, records);
  return ReencodeTokens(units, records, source.encoder, limits);
}

}  // namespace

Result<LoadedTokens> LoadTokens(std::span<const WantedTokens> wanted, const TokenSource& source, const Limits& limits) {
  LoadedTokens loaded;
  std::unordered_map<UnitId, Epoch> missing;
  std::vector<UnitId> units;  // those missing, in order
  for (const WantedTokens& each : wanted) {
    if (loaded.table.contains(each.unit) || missing.contains(each.unit)) continue;
    if (SharedTokens found = source.cache.Find(each.unit, each.written_at)) {
      loaded.table.emplace(each.unit, std::move(found));
      loaded.cached.insert(each.unit);
    } else {
      missing.emplace(each.unit, each.written_at);
      units.push_back(each.unit);
    }
  }
  if (units.empty()) return loaded;
  SL_ASSIGN_OR_RETURN(TokenTable read, ReadOrEncode(units, source, limits));
  for (const auto& [unit, tokens] : read) source.cache.Insert(unit, missing.at(unit), tokens);
  loaded.table.merge(read);
  return loaded;
}

}  // namespace sightline::query
