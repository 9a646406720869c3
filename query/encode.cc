// SPDX-License-Identifier: BSD-3-Clause
#include "query/encode.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "encoder/preprocess.h"
#include "query/reencode.h"
#include "storage/records.h"

namespace sightline::query {
namespace {

// Below this, the sum of two unit vectors has no direction worth searching in.
constexpr double kMinNorm = 1e-6;

Result<Embedding> Normalised(Embedding values) {
  double sum = 0;
  for (const float value : values) sum += double{value} * value;
  const double norm = std::sqrt(sum);
  if (!std::isfinite(norm) || norm < kMinNorm) {
    return Fail(ErrorCode::kInvalidArgument, "the vector to search for has no direction (zero or not finite)");
  }
  for (float& value : values) value = static_cast<float>(value / norm);
  return values;
}

Status AddDirection(SearchState& state, const Embedding& embedding) {
  if (state.query_vector.empty()) {
    state.query_vector = embedding;
    return {};
  }
  Embedding sum = state.query_vector;
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += embedding[i];
  SL_ASSIGN_OR_RETURN(state.query_vector, Normalised(std::move(sum)));
  return {};
}

void Absorb(SearchState& state, const Status& status) {
  if (!status) state.FailWith(status.error());
}

void EncodeTexts(std::span<SearchState> states, encoder::Encoder* encoder) {
  std::vector<SearchState*> users;
  std::vector<encoder::TextRequest> requests;
  for (SearchState& state : states) {
    if (!state.alive() || !state.plan.needs_text_encoder) continue;
    users.push_back(&state);
    requests.push_back({.text = *state.request->query.text, .limits = state.request->limits});
  }
  if (requests.empty()) return;
  std::vector<Result<encoder::TextEncoding>> encodings = encoder->EncodeTexts(requests);
  for (size_t i = 0; i < users.size(); ++i) {
    if (!encodings[i]) {
      users[i]->FailWith(std::move(encodings[i]).error());
      continue;
    }
    users[i]->token_states = std::move(encodings[i]->token_states);
    users[i]->answer.cleaned_query = std::move(encodings[i]->cleaned);
    users[i]->answer.truncated_query = encodings[i]->truncated;
    Absorb(*users[i], AddDirection(*users[i], encodings[i]->embedding));
    users[i]->words_vector = std::move(encodings[i]->embedding);
  }
}

void EncodePictures(std::span<SearchState> states, encoder::Encoder* encoder) {
  std::vector<SearchState*> users;
  std::vector<ImageRgb8> pixels;
  for (SearchState& state : states) {
    if (!state.alive() || !state.plan.needs_image_encoder) continue;
    auto resized = encoder::ResizeToModelPixels(*state.request->query.picture, encoder->info().config.vision.image_res);
    if (!resized) {
      state.FailWith(std::move(resized).error());
      continue;
    }
    users.push_back(&state);
    pixels.push_back(*std::move(resized));
  }
  if (users.empty()) return;
  std::vector<encoder::ImageRequest> requests;
  for (size_t i = 0; i < users.size(); ++i) {
    requests.push_back({.model_pixels = &pixels[i], .limits = users[i]->request->limits});
  }
  std::vector<Result<encoder::ImageEncoding>> encodings = encoder->EncodeImages(requests, TokenFormat::kFp32);
  for (size_t i = 0; i < users.size(); ++i) {
    if (!encodings[i]) {
      users[i]->FailWith(std::move(encodings[i]).error());
      continue;
    }
    Absorb(*users[i], AddDirection(*users[i], encodings[i]->embedding));
    users[i]->picture_vector = std::move(encodings[i]->embedding);
    users[i]->patches = std::move(encodings[i]->patches);
  }
}

Result<storage::UnitRecord> FirstUnitOf(ItemId id, const storage::RecordStore& records) {
  SL_ASSIGN_OR_RETURN(auto items, records.GetItems(std::span(&id, 1)));
  if (!items[0] || items[0]->units.empty()) {
    return Fail(ErrorCode::kNotFound, "no item " + std::to_string(id.value) + " in the collection");
  }
  SL_ASSIGN_OR_RETURN(auto units, records.GetUnits(std::span(items[0]->units).first(1)));
  if (!units[0] || units[0]->vectors.empty()) {
    return Fail(ErrorCode::kCorruption, "item " + std::to_string(id.value) + " has no stored embedding");
  }
  return *std::move(units[0]);
}

// The patches of the item's first unit. A caption has none and is not read against captions; where they cannot be had,
// the answer is degraded.
Status ReadItem(SearchState& state, const storage::UnitRecord& unit, const storage::RecordStore& records,
                encoder::Encoder& encoder) {
  state.plan.rerank = unit.type != UnitType::kText;
  if (!state.plan.rerank) return {};
  SL_ASSIGN_OR_RETURN(auto stored, records.GetTokens(std::span(&unit.id, 1)));
  if (!stored[0]) {
    SL_ASSIGN_OR_RETURN(TokenTable again,
                        ReencodeTokens(std::span(&unit.id, 1), records, encoder, state.request->limits));
    if (const auto found = again.find(unit.id); found != again.end()) stored[0] = *found->second;
  }
  if (!stored[0]) {
    state.plan.rerank = false;
    state.Degrade("the item could not be read against captions: its patches are not available");
    return {};
  }
  state.patches = *std::move(stored[0]);
  state.picture_vector = unit.vectors[0].embedding;
  return {};
}

Status AddStoredDirection(SearchState& state, const storage::RecordStore& records, uint32_t dim,
                          encoder::Encoder* encoder) {
  const SearchQuery& query = state.request->query;
  if (query.item) {
    SL_ASSIGN_OR_RETURN(const storage::UnitRecord unit, FirstUnitOf(*query.item, records));
    if (state.plan.reads_item) SL_RETURN_IF_ERROR(ReadItem(state, unit, records, *encoder));
    return AddDirection(state, unit.vectors[0].embedding);
  }
  if (query.vector) {
    if (query.vector->size() != dim) {
      return Fail(ErrorCode::kInvalidArgument, "the vector to search for has " + std::to_string(query.vector->size()) +
                                                   " numbers, the collection's have " + std::to_string(dim));
    }
    SL_ASSIGN_OR_RETURN(const Embedding embedding, Normalised(*query.vector));
    return AddDirection(state, embedding);
  }
  return {};
}

}  // namespace

void EncodeQueries(std::span<SearchState> states, encoder::Encoder* encoder, const storage::RecordStore& records,
                   uint32_t dim) {
  // What costs nothing comes first, so that a request that is wrong there encodes nothing.
  for (SearchState& state : states) {
    if (state.alive()) Absorb(state, AddStoredDirection(state, records, dim, encoder));
  }
  EncodeTexts(states, encoder);
  EncodePictures(states, encoder);
}

}  // namespace sightline::query
