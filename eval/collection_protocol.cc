// SPDX-License-Identifier: BSD-3-Clause
#include "eval/collection_protocol.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "eval/matrix_protocol.h"

namespace sightline::eval {
namespace {

constexpr size_t kTextBatch = 64;

// Pictures and captions of the set that take part, numbered afresh.
struct Participants {
  std::vector<UnitId> units;
  std::vector<Embedding> embeddings;
  std::vector<const EvalCaption*> captions;
  std::vector<std::optional<ItemId>> caption_items;
  GroundTruth truth;
};

Result<Participants> CollectParticipants(const storage::RecordStore& records, const RetrievalSet& set,
                                         const Gallery& gallery) {
  Participants out;
  std::vector<size_t> number_of_image(set.images.size(), kNotRanked);
  for (size_t i = 0; i < set.images.size(); ++i) {
    if (!gallery.images[i]) continue;
    SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(std::span(&*gallery.images[i], 1)));
    if (!items[0] || items[0]->units.empty()) continue;
    SL_ASSIGN_OR_RETURN(auto units, records.GetUnits(std::span(items[0]->units).first(1)));
    if (!units[0] || units[0]->vectors.empty()) continue;
    number_of_image[i] = out.units.size();
    out.units.push_back(units[0]->id);
    out.embeddings.push_back(std::move(units[0]->vectors[0].embedding));
  }
  out.truth.img2txt.resize(out.units.size());
  for (size_t c = 0; c < set.captions.size(); ++c) {
    const EvalCaption& caption = set.captions[c];
    const size_t image = number_of_image[caption.image];
    if (image == kNotRanked) continue;
    out.truth.img2txt[image].push_back(out.captions.size());
    out.truth.txt2img.push_back(image);
    out.captions.push_back(&caption);
    out.caption_items.push_back(c < gallery.captions.size() ? gallery.captions[c] : std::nullopt);
  }
  // A picture without captions cannot be asked for, but stays a distractor: its own rank would only count as a miss.
  return out;
}

struct Texts {
  std::vector<Embedding> embeddings;
  std::vector<TokenMatrix> token_states;
};

Result<Texts> EncodeCaptions(encoder::Encoder& encoder, std::span<const EvalCaption* const> captions,
                             const std::stop_token& stop) {
  Texts texts;
  for (size_t begin = 0; begin < captions.size(); begin += kTextBatch) {
    std::vector<encoder::TextRequest> requests;
    for (const EvalCaption* caption : captions.subspan(begin, std::min(kTextBatch, captions.size() - begin))) {
      requests.push_back({.text = caption->text, .limits = {.stop = stop}});
    }
    for (auto& encoding : encoder.EncodeTexts(requests)) {
      if (!encoding) return tl::unexpected<Error>(std::move(encoding).error());
      texts.embeddings.push_back(std::move(encoding->embedding));
      texts.token_states.push_back(std::move(encoding->token_states));
    }
  }
  return texts;
}

Result<std::vector<TokenMatrix>> LoadPatches(const storage::RecordStore& records, std::span<const UnitId> units) {
  SL_ASSIGN_OR_RETURN(auto stored, records.GetTokens(units));
  std::vector<TokenMatrix> patches;
  for (auto& matrix : stored) {
    if (!matrix) return Fail(ErrorCode::kFailedPrecondition, "the collection stores no patches to rerank with");
    patches.push_back(*std::move(matrix));
  }
  return patches;
}

// What is stored of the captions, and what they were encoded to where nothing is.
Result<std::vector<TokenMatrix>> LoadTokenStates(const storage::RecordStore& records,
                                                 std::span<const std::optional<ItemId>> captions,
                                                 std::span<const TokenMatrix> encoded) {
  std::vector<TokenMatrix> states;
  for (size_t i = 0; i < captions.size(); ++i) {
    std::optional<TokenMatrix> stored;
    if (captions[i]) {
      SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(std::span(&*captions[i], 1)));
      if (items[0] && !items[0]->units.empty()) {
        SL_ASSIGN_OR_RETURN(auto tokens, records.GetTokens(std::span(items[0]->units).first(1)));
        stored = std::move(tokens[0]);
      }
    }
    states.push_back(stored ? *std::move(stored) : encoded[i]);
  }
  return states;
}

// Scores the rows of both matrices, and tells of each.
Result<ProtocolScores> ScoreRows(const ScoreMatrix& similarity, size_t k_test, const PairScorer& words,
                                 const PictureScorer& pictures, const MatrixOptions& options) {
  size_t done = 0;
  const auto tell = [&] {
    ++done;
    if (options.on_progress) options.on_progress(done, similarity.rows() + similarity.columns());
  };
  return RunMatrixProtocol(
      similarity, k_test,
      [&](size_t text, std::span<const size_t> images) {
        auto logits = words(text, images);
        tell();
        return logits;
      },
      [&](size_t image, std::span<const size_t> texts) {
        auto logits = pictures(image, texts);
        tell();
        return logits;
      });
}

// The metrics of each k_test above 0, from the greatest down.
Result<std::vector<RetrievalMetrics>> MetricsOfEach(const std::vector<size_t>& k_tests, const ScoreMatrix& similarity,
                                                    const GroundTruth& truth, ProtocolScores scores) {
  std::map<size_t, RetrievalMetrics, std::greater<>> of;
  for (const size_t k_test : k_tests) of[k_test];
  of.erase(0);
  for (auto& [k_test, metrics] : of) {
    NarrowTo(k_test, similarity, scores);
    SL_ASSIGN_OR_RETURN(metrics, ComputeMetrics(scores.image_to_text, scores.text_to_image, truth));
  }
  std::vector<RetrievalMetrics> out;
  for (const size_t k_test : k_tests) {
    if (k_test > 0) out.push_back(of.at(k_test));
  }
  return out;
}

}  // namespace

Result<MatrixReport> RunCollectionProtocol(const storage::Collection& collection, encoder::Encoder& encoder,
                                           const RetrievalSet& set, const Gallery& gallery,
                                           const MatrixOptions& options) {
  SL_ASSIGN_OR_RETURN(const Participants all, CollectParticipants(collection.records(), set, gallery));
  const auto greatest = std::max_element(options.k_tests.begin(), options.k_tests.end());
  const size_t k_test = greatest == options.k_tests.end() ? 0 : *greatest;
  if (k_test > 0) SL_RETURN_IF_ERROR(CheckKTest(all.units.size(), all.captions.size(), k_test));
  SL_ASSIGN_OR_RETURN(const Texts texts, EncodeCaptions(encoder, all.captions, options.stop));
  const ScoreMatrix similarity = Similarity(all.embeddings, texts.embeddings);
  MatrixReport report{.images = all.units.size(), .captions = all.captions.size(), .coarse = {}};
  SL_ASSIGN_OR_RETURN(report.coarse, ComputeMetrics(similarity, similarity.Transposed(), all.truth));
  if (k_test == 0) return report;
  SL_ASSIGN_OR_RETURN(const std::vector<TokenMatrix> patches, LoadPatches(collection.records(), all.units));
  SL_ASSIGN_OR_RETURN(const std::vector<TokenMatrix> stored,
                      LoadTokenStates(collection.records(), all.caption_items, texts.token_states));
  const Limits limits = {.stop = options.stop};
  SL_ASSIGN_OR_RETURN(ProtocolScores scores,
                      ScoreRows(similarity, k_test, MatchScorer(encoder, texts.token_states, patches, limits),
                                PictureMatchScorer(encoder, stored, patches, limits), options));
  SL_ASSIGN_OR_RETURN(report.reranked, MetricsOfEach(options.k_tests, similarity, all.truth, std::move(scores)));
  return report;
}

}  // namespace sightline::eval
