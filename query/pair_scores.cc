// SPDX-License-Identifier: BSD-3-Clause
#include "query/pair_scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "query/reencode.h"

namespace sightline::query {
namespace {

// Documents whose patches are in memory at one time.
constexpr size_t kChunk = 16;

using Scores = std::vector<Result<PairScore>>;

float Cosine(const Embedding& a, const Embedding& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F); }

std::string NameOf(ItemId item) { return "item " + std::to_string(item.value); }

// The best of a unit's vectors.
float ScoreOf(const storage::UnitRecord& unit, const Embedding& query) {
  float best = -1;
  for (const storage::UnitVector& vector : unit.vectors) best = std::max(best, Cosine(vector.embedding, query));
  return best;
}

struct BestUnit {
  UnitId id;
  UnitType type = UnitType::kImage;
  float score = -2;
};

// The unit of an item that is nearest to the query.
Result<BestUnit> FindBestUnit(const StoredContent& stored, const Embedding& query, const Limits& limits) {
  const storage::RecordStore& records = stored.collection->records();
  SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(std::span(&stored.item, 1)));
  if (!items[0] || items[0]->units.empty()) return Fail(ErrorCode::kNotFound, "no " + NameOf(stored.item));
  BestUnit best;
  std::span<const UnitId> rest = items[0]->units;
  while (!rest.empty()) {
    SL_RETURN_IF_ERROR(limits.Check("compare an item"));
    const auto some = rest.first(std::min(kChunk, rest.size()));
    rest = rest.subspan(some.size());
    SL_ASSIGN_OR_RETURN(const auto units, records.GetUnits(some));
    for (const auto& unit : units) {
      if (!unit) continue;
      if (const float score = ScoreOf(*unit, query); score > best.score) best = {unit->id, unit->type, score};
    }
  }
  if (best.score < -1) return Fail(ErrorCode::kNotFound, "no " + NameOf(stored.item));
  return best;
}

Result<TokenMatrix> TokensOf(const StoredContent& stored, UnitId unit, encoder::Encoder& encoder,
                             const Limits& limits) {
  const storage::RecordStore& records = stored.collection->records();
  SL_ASSIGN_OR_RETURN(auto tokens, records.GetTokens(std::span(&unit, 1)));
  if (tokens[0]) return *std::move(tokens[0]);
  SL_ASSIGN_OR_RETURN(const TokenTable again, ReencodeTokens(std::span(&unit, 1), records, encoder, limits));
  const auto found = again.find(unit);
  if (found == again.end()) {
    return Fail(ErrorCode::kUnavailable, NameOf(stored.item) + ": what the model reads of it is not available");
  }
  return *found->second;
}

// A document on its way: its tokens only where they are read against the query.
struct Compared {
  float coarse_score = 0;
  std::optional<TokenMatrix> tokens{};
};

Result<Compared> CompareStored(const StoredContent& stored, const EncodedContent& query, encoder::Encoder& encoder,
                               const Limits& limits) {
  if (stored.collection->config().model_fingerprint != encoder.info().fingerprint) {
    return Fail(ErrorCode::kFailedPrecondition, NameOf(stored.item) + ": its collection was made by another model");
  }
  SL_ASSIGN_OR_RETURN(const BestUnit best, FindBestUnit(stored, query.embedding, limits));
  Compared compared{.coarse_score = best.score};
  if ((best.type == UnitType::kText) == query.is_words) return compared;
  SL_ASSIGN_OR_RETURN(compared.tokens, TokensOf(stored, best.id, encoder, limits));
  return compared;
}

Compared CompareEncoded(EncodedContent document, const EncodedContent& query) {
  Compared compared{.coarse_score = Cosine(document.embedding, query.embedding)};
  if (document.is_words != query.is_words) compared.tokens = std::move(document.tokens);
  return compared;
}

std::vector<Result<Compared>> CompareAll(std::span<const PairDocument> documents, const EncodedContent& query,
                                         encoder::Encoder& encoder, const Limits& limits, PairUsage& usage) {
  std::vector<Content> contents;
  for (const PairDocument& document : documents) {
    if (const auto* words = std::get_if<std::string>(&document)) contents.emplace_back(*words);
    if (const auto* picture = std::get_if<ImageRgb8>(&document)) contents.emplace_back(*picture);
  }
  std::vector<Result<EncodedContent>> encoded = EncodeContents(contents, encoder, limits);
  std::vector<Result<Compared>> compared;
  size_t next = 0;
  for (const PairDocument& document : documents) {
    if (const auto* stored = std::get_if<StoredContent>(&document)) {
      compared.push_back(CompareStored(*stored, query, encoder, limits));
      continue;
    }
    Result<EncodedContent>& content = encoded[next++];
    if (content) usage.text_tokens += content->text_tokens;
    compared.push_back(
        std::move(content).map([&](EncodedContent&& each) { return CompareEncoded(std::move(each), query); }));
  }
  return compared;
}

// What the fusion encoder says of those with tokens; nothing at the others' places.
Result<std::vector<std::optional<float>>> MatchAll(std::span<const Result<Compared>> documents,
                                                   const EncodedContent& query, encoder::Encoder& encoder,
                                                   const Limits& limits) {
  std::vector<std::optional<float>> logits(documents.size());
  std::vector<size_t> paired;
  std::vector<const TokenMatrix*> tokens;
  for (size_t i = 0; i < documents.size(); ++i) {
    if (!documents[i] || !documents[i]->tokens) continue;
    paired.push_back(i);
    tokens.push_back(&*documents[i]->tokens);
  }
  if (paired.empty()) return logits;
  // Words are one request with many patch matrices, a picture is one request per text.
  const TokenMatrix* const patches = &query.tokens;
  std::vector<encoder::MatchRequest> requests;
  if (query.is_words) requests.push_back({.token_states = &query.tokens, .patches = tokens, .limits = limits});
  for (size_t n = 0; !query.is_words && n < tokens.size(); ++n) {
    requests.push_back({.token_states = tokens[n], .patches = std::span(&patches, 1), .limits = limits});
  }
  size_t next = 0;
  for (const Result<std::vector<float>>& result : encoder.Match(requests)) {
    if (!result) return tl::unexpected<Error>(result.error());
    for (const float logit : *result) logits[paired[next++]] = logit;
  }
  return logits;
}

Result<PairScore> ScoreOf(const Compared& document, std::optional<float> logit,
                          const encoder::Calibration& calibration) {
  PairScore score{.coarse_score = document.coarse_score, .match_logit = logit};
  if (!logit) return score;
  if (!std::isfinite(*logit)) return Fail(ErrorCode::kInternal, "the model's match logit is not a number");
  score.rank_score = calibration.RankScore(*logit, document.coarse_score);
  score.match_probability = calibration.MatchProbability(*score.rank_score);
  return score;
}

}  // namespace

Result<std::vector<Result<PairScore>>> ScorePairs(const Content& query, std::span<const PairDocument> documents,
                                                  encoder::Encoder& encoder, const Limits& limits, PairUsage* usage) {
  PairUsage used;
  SL_ASSIGN_OR_RETURN(const EncodedContent encoded, EncodeContents(std::span(&query, 1), encoder, limits)[0]);
  used.text_tokens = encoded.text_tokens;
  Scores scores;
  for (auto rest = documents; !rest.empty();) {
    SL_RETURN_IF_ERROR(limits.Check("compare documents"));
    const auto some = rest.first(std::min(kChunk, rest.size()));
    rest = rest.subspan(some.size());
    const std::vector<Result<Compared>> compared = CompareAll(some, encoded, encoder, limits, used);
    SL_ASSIGN_OR_RETURN(const auto logits, MatchAll(compared, encoded, encoder, limits));
    for (size_t i = 0; i < compared.size(); ++i) {
      scores.push_back(compared[i] ? ScoreOf(*compared[i], logits[i], encoder.info().calibration)
                                   : tl::unexpected<Error>(compared[i].error()));
    }
  }
  if (usage != nullptr) *usage = used;
  return scores;
}

}  // namespace sightline::query
