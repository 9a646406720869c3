// SPDX-License-Identifier: BSD-3-Clause
#include "eval/tuning_queries.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <span>
#include <utility>

#include "eval/unit_walk.h"
#include "indexer/transfer/npy_reader.h"

namespace sightline::eval {
namespace {

constexpr uint64_t kSeed = 20'261'126;  // Fixed: the same collection gives the same queries.
constexpr size_t kTextsPerCall = 32;

/// Draws up to `most` of what it is shown, each with the same chance (reservoir sampling).
class Draw {
 public:
  explicit Draw(size_t most) : most_(most) {}
  void Show(UnitId unit) {
    const uint64_t before = seen_++;
    if (drawn_.size() < most_) {
      drawn_.push_back(unit);
      return;
    }
    const uint64_t slot = std::uniform_int_distribution<uint64_t>(0, before)(random_);
    if (slot < most_) drawn_[slot] = unit;
  }
  uint64_t seen() const { return seen_; }
  /// In order of their ids.
  std::vector<UnitId> Take() {
    std::sort(drawn_.begin(), drawn_.end());
    return std::move(drawn_);
  }

 private:
  const size_t most_;
  std::mt19937_64 random_{kSeed};
  uint64_t seen_ = 0;
  std::vector<UnitId> drawn_;
};

bool Normalise(Embedding& vector) {
  const double length = std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0));
  if (!(length > 0) || !std::isfinite(length)) return false;
  for (float& x : vector) x = static_cast<float>(x / length);
  return true;
}

std::string CountOf(size_t taken, uint64_t all, const std::string& what) {
  std::string out = std::to_string(taken);
  if (all > taken) out.append(" of ").append(std::to_string(all));
  return out.append(" ").append(what);
}

/// Keeps `most` of them, at even distances.
template <typename T>
void ThinOut(size_t most, std::vector<T>& all) {
  if (all.size() <= most) return;
  std::vector<T> kept;
  for (size_t i = 0; i < most; ++i) kept.push_back(std::move(all[i * all.size() / most]));
  all = std::move(kept);
}

// Says why, where that is known.
tl::unexpected<Error> NoQuery(const std::string& file, std::span<const std::string> left_out) {
  std::string message = file + ": no query in it";
  if (!left_out.empty()) message.append("; left out: ").append(left_out.front());
  if (left_out.size() > 1) message.append(", and ").append(std::to_string(left_out.size() - 1)).append(" more");
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

// Encodes the words of queries; what cannot be encoded is left out.
Status EncodeAll(encoder::Encoder& encoder, const Limits& limits, TuningQueries& all) {
  std::vector<TuningQuery> encoded;
  for (auto rest = std::span(all.queries); !rest.empty();) {
    SL_RETURN_IF_ERROR(limits.Check("encode queries"));
    const auto some = rest.first(std::min(kTextsPerCall, rest.size()));
    rest = rest.subspan(some.size());
    std::vector<encoder::TextRequest> requests;
    for (const TuningQuery& query : some) requests.push_back({.text = query.text, .limits = limits});
    auto results = encoder.EncodeTexts(requests);
    for (size_t i = 0; i < some.size(); ++i) {
      if (results[i]) {
        some[i].vector = std::move(results[i]->embedding);
        encoded.push_back(std::move(some[i]));
      } else if (results[i].error().code == ErrorCode::kInvalidArgument) {
        all.left_out.push_back("\"" + some[i].text + "\": " + results[i].error().message);
      } else {
        return tl::unexpected<Error>(std::move(results[i]).error());
      }
    }
  }
  all.queries = std::move(encoded);
  return {};
}

// What a caption says, and of what.
Result<TuningQuery> CaptionQuery(const storage::UnitRecord& unit, const storage::RecordStore& records) {
  TuningQuery query{.vector = unit.vectors.front().embedding, .wanted = {}};
  SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(std::span(&unit.item, 1)));
  if (!items[0]) return query;
  if (const auto* words = FirstValue<std::string>(items[0]->metadata, metadata_key::kText)) query.text = *words;
  if (const auto* path = FirstValue<std::string>(items[0]->metadata, metadata_key::kCaptionOf)) {
    SL_ASSIGN_OR_RETURN(query.wanted, records.FindItem(*path));
  }
  return query;
}

}  // namespace

Result<TuningQueries> ReadQueryRows(const std::filesystem::path& file, uint32_t dim, size_t most,
                                    const Limits& limits) {
  SL_ASSIGN_OR_RETURN(auto reader, indexer::NpyReader::Open(file));
  if (reader.columns() != dim) {
    return Fail(ErrorCode::kInvalidArgument, file.string() + ": rows of " + std::to_string(reader.columns()) +
                                                 " values; those of the collection have " + std::to_string(dim));
  }
  const uint64_t rows = reader.rows();
  const uint64_t wanted = std::min<uint64_t>(most, rows);
  TuningQueries out;
  Embedding row;
  uint64_t next = 0;
  for (uint64_t i = 0; i < wanted; ++i) {
    SL_RETURN_IF_ERROR(limits.Check("read queries"));
    const uint64_t place = i * rows / wanted;
    SL_RETURN_IF_ERROR(reader.Skip(place - next));
    SL_ASSIGN_OR_RETURN(const bool has_row, reader.Next(row));
    if (!has_row) break;
    next = place + 1;
    if (Normalise(row)) {
      out.queries.push_back({.vector = row, .wanted = {}});
    } else {
      out.left_out.push_back("row " + std::to_string(place) + ": zero or not finite");
    }
  }
  if (out.queries.empty()) return NoQuery(file.string(), out.left_out);
  out.origin = CountOf(out.queries.size(), rows, "rows of " + file.filename().string());
  return out;
}

Result<QueryWords> ReadQueryWords(const std::filesystem::path& file, size_t most) {
  QueryWords words{.queries = {}, .file = file.string()};
  SL_ASSIGN_OR_RETURN(words.queries, ReadQueryFile(file, words.left_out));
  if (words.queries.empty()) return NoQuery(words.file, words.left_out);
  words.in_file = words.queries.size();
  ThinOut(most, words.queries);
  return words;
}

Result<TuningQueries> EncodeQueryWords(QueryWords words, const storage::Collection& collection,
                                       encoder::Encoder& encoder, const Limits& limits) {
  TuningQueries out{.queries = {},
                    .types = {UnitType::kImage, UnitType::kClip},
                    .are_words = true,
                    .left_out = std::move(words.left_out)};
  for (WrittenQuery& query : words.queries) {
    TuningQuery& made = out.queries.emplace_back();
    made.text = std::move(query.text);
    if (query.item_path.empty()) continue;
    SL_ASSIGN_OR_RETURN(made.wanted, collection.records().FindItem(query.item_path));
    if (!made.wanted) out.left_out.push_back(query.item_path + ": no such item; its query is asked without an answer");
  }
  const size_t before = out.left_out.size();
  SL_RETURN_IF_ERROR(EncodeAll(encoder, limits, out));
  if (out.queries.empty()) return NoQuery(words.file, std::span(out.left_out).subspan(before));
  const std::string name = std::filesystem::path(words.file).filename().string();
  out.origin = CountOf(out.queries.size(), words.in_file, "queries of " + name);
  return out;
}

Result<TuningQueries> QueriesFromCaptions(const storage::Collection& collection, size_t most, const Limits& limits) {
  Draw draw(most);
  SL_RETURN_IF_ERROR(ForEachUnit(collection, limits, [&draw](const storage::UnitRecord& unit) {
    if (unit.type == UnitType::kText) draw.Show(unit.id);
  }));
  TuningQueries out{.queries = {}, .types = {UnitType::kImage, UnitType::kClip}, .are_words = true};
  const std::vector<UnitId> drawn = draw.Take();
  SL_ASSIGN_OR_RETURN(const auto units, collection.records().GetUnits(drawn));
  for (const auto& unit : units) {
    if (!unit) continue;
    SL_ASSIGN_OR_RETURN(TuningQuery query, CaptionQuery(*unit, collection.records()));
    if (!query.text.empty()) out.queries.push_back(std::move(query));
  }
  out.origin = CountOf(out.queries.size(), draw.seen(), "stored captions");
  return out;
}

Result<TuningQueries> QueriesFromRows(const storage::Collection& collection, size_t most, const Limits& limits) {
  Draw draw(most);
  SL_RETURN_IF_ERROR(ForEachUnit(collection, limits, [&draw](const storage::UnitRecord& unit) { draw.Show(unit.id); }));
  TuningQueries out;
  const std::vector<UnitId> drawn = draw.Take();
  SL_ASSIGN_OR_RETURN(const auto units, collection.records().GetUnits(drawn));
  std::mt19937_64 random(kSeed);
  std::normal_distribution<float> normal;
  for (const auto& unit : units) {
    if (!unit) continue;
    Embedding noise(collection.config().dim);
    for (float& x : noise) x = normal(random);
    if (!Normalise(noise)) continue;
    Embedding vector = unit->vectors.front().embedding;
    for (size_t i = 0; i < vector.size(); ++i) vector[i] += kRowNoise * noise[i];
    if (Normalise(vector)) out.queries.push_back({.vector = std::move(vector), .wanted = {}});
  }
  out.origin = CountOf(out.queries.size(), draw.seen(), "stored vectors, each moved a little at random");
  return out;
}

}  // namespace sightline::eval
