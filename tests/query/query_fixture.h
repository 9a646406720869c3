// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "query/searcher.h"
#include "storage/collection.h"
#include "tests/support/fake_encoder.h"
#include "tests/support/memory_collection.h"
#include "tests/support/test_support.h"

namespace sightline::query {

struct Colour {
  uint8_t red = 0;
  uint8_t green = 0;
  uint8_t blue = 0;
};

inline constexpr Colour kRed = {255, 0, 0};
inline constexpr Colour kBlue = {0, 0, 255};
inline constexpr Colour kGreen = {0, 255, 0};
inline constexpr Colour kPurple = {170, 0, 170};

/// A picture of the fake model's size in one colour; its first patch may have another.
inline ImageRgb8 MakePicture(Colour colour, std::optional<Colour> spot = std::nullopt) {
  ImageRgb8 picture = {.width = 4, .height = 4, .pixels = {}};
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 4; ++x) {
      const Colour& c = spot && x < 2 && y < 2 ? *spot : colour;
      picture.pixels.insert(picture.pixels.end(), {c.red, c.green, c.blue});
    }
  }
  return picture;
}

struct AddOptions {
  std::string path;
  bool with_patches = true;
  Metadata metadata = {};
  storage::ContentHash hash{};
};

/// One clip of a video: its window in milliseconds, and one picture per sampled frame, spread over it.
struct ClipSpec {
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  std::vector<ImageRgb8> frames;
  bool with_frame_vectors = true;
};

/// A collection in memory that the fake model filled.
class QueryFixture : public ::testing::Test {
 protected:
  QueryFixture() : collection_(MakeCollection(storage::PatchStorage::kFp16)) {}

  static std::unique_ptr<testing::MemoryCollection> MakeCollection(storage::PatchStorage patches) {
    auto made = testing::MemoryCollection::Create(
        {.model_name = "fake", .model_fingerprint = "fake", .dim = 8, .patch_storage = patches});
    EXPECT_THAT(made, testing::IsOk());
    return *std::move(made);
  }

  /// Adds one picture as one item with one unit.
  ItemId Add(const ImageRgb8& picture, AddOptions options) {
    const encoder::ImageRequest request = {.model_pixels = &picture, .limits = {}};
    auto encoding = std::move(encoder_.EncodeImages(std::span(&request, 1), TokenFormat::kFp16)[0]);
    EXPECT_THAT(encoding, testing::IsOk());
    const auto ids = collection_->AllocateIds(1, 1);
    EXPECT_THAT(ids, testing::IsOk());
    storage::WriteSet changes;
    storage::ItemRecord item;
    item.id = ids->first_item;
    item.paths = {{.path = options.path, .size_bytes = 1, .mtime_ns = 1}};
    item.hash = options.hash;
    item.metadata = std::move(options.metadata);
    item.units = {ids->first_unit};
    storage::NewUnit unit;
    unit.record.id = ids->first_unit;
    unit.record.item = item.id;
    unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = encoding->embedding}};
    if (options.with_patches) unit.tokens = encoding->patches;
    changes.put_items.push_back(std::move(item));
    changes.put_units.push_back(std::move(unit));
    EXPECT_THAT(collection_->Commit(changes), testing::IsOk());
    return ids->first_item;
  }
  ItemId Add(const ImageRgb8& picture, const std::string& path) { return Add(picture, AddOptions{.path = path}); }

  /// Adds one video as one item with one unit per clip. Frame i of n is shown at start + i * (end - start) / n.
  ItemId AddVideo(const std::string& path, const std::vector<ClipSpec>& clips) {
    const auto ids = collection_->AllocateIds(1, clips.size());
    EXPECT_THAT(ids, testing::IsOk());
    storage::WriteSet changes;
    storage::ItemRecord item;
    item.id = ids->first_item;
    item.paths = {{.path = path, .size_bytes = 1, .mtime_ns = 1}};
    item.width = item.height = 4;
    for (size_t i = 0; i < clips.size(); ++i) {
      changes.put_units.push_back(MakeClip(clips[i], item.id, UnitId{ids->first_unit.value + i}));
      item.units.push_back(changes.put_units.back().record.id);
    }
    changes.put_items.push_back(std::move(item));
    EXPECT_THAT(collection_->Commit(changes), testing::IsOk());
    return ids->first_item;
  }

  /// Adds one caption as one item with one text unit.
  ItemId AddCaption(const std::string& path, const std::string& words, bool with_tokens = true) {
    const encoder::TextRequest request = {.text = words, .limits = {}};
    auto encoding = std::move(encoder_.EncodeTexts(std::span(&request, 1))[0]);
    EXPECT_THAT(encoding, testing::IsOk());
    const auto ids = collection_->AllocateIds(1, 1);
    EXPECT_THAT(ids, testing::IsOk());
    storage::WriteSet changes;
    storage::ItemRecord item;
    item.id = ids->first_item;
    item.paths = {{.path = path, .size_bytes = 1, .mtime_ns = 1}};
    item.metadata = {{std::string(metadata_key::kText), {words}}};
    item.units = {ids->first_unit};
    storage::NewUnit unit;
    unit.record.id = ids->first_unit;
    unit.record.item = item.id;
    unit.record.type = UnitType::kText;
    unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = encoding->embedding}};
    if (with_tokens) unit.tokens = ToFp16(encoding->token_states);
    changes.put_items.push_back(std::move(item));
    changes.put_units.push_back(std::move(unit));
    EXPECT_THAT(collection_->Commit(changes), testing::IsOk());
    return ids->first_item;
  }

  static SearchRequest Words(const std::string& words) {
    SearchRequest request;
    request.query.text = words;
    return request;
  }

  Result<SearchAnswer> Search(const SearchRequest& request) {
    return std::move(Searcher(*collection_, &encoder_).Search(std::span(&request, 1))[0]);
  }

  /// Searches with a deadline that a hook lets pass (PassDeadline) when the search has come so far. A machine may be
  /// too slow to come so far in the time: while `came_so_far` denies it, the same is tried with more.
  Result<SearchAnswer> SearchPastDeadline(const storage::Collection& collection, SearchRequest request,
                                          const std::function<bool(const Result<SearchAnswer>&)>& came_so_far) {
    for (std::chrono::milliseconds allowed(100);; allowed *= 4) {
      request.limits = Limits::After(allowed);
      deadline_ = request.limits.deadline;
      auto answer = std::move(Searcher(collection, &encoder_).Search(std::span(&request, 1))[0]);
      if (came_so_far(answer) || allowed > std::chrono::seconds(20)) return answer;
    }
  }
  void PassDeadline() const { std::this_thread::sleep_until(deadline_ + std::chrono::milliseconds(1)); }

  static std::vector<std::string> PathsOf(const SearchAnswer& answer) {
    std::vector<std::string> paths;
    for (const Hit& hit : answer.hits) paths.push_back(hit.path);
    return paths;
  }

  testing::FakeEncoder encoder_;
  std::unique_ptr<testing::MemoryCollection> collection_;

 private:
  std::chrono::steady_clock::time_point deadline_;  ///< Of SearchPastDeadline.

  static TokenMatrix ToFp16(const TokenMatrix& matrix) {
    std::vector<float> rows(size_t{matrix.tokens} * matrix.width);
    EXPECT_THAT(ExpandTokenMatrix(matrix, rows), testing::IsOk());
    return MakeTokenMatrix(rows, matrix.tokens, matrix.width, TokenFormat::kFp16);
  }

  storage::NewUnit MakeClip(const ClipSpec& clip, ItemId item, UnitId id) {
    std::vector<const ImageRgb8*> frames;
    for (const ImageRgb8& frame : clip.frames) frames.push_back(&frame);
    const encoder::ClipRequest request = {.frames = frames, .limits = {}};
    auto encoding = std::move(encoder_.EncodeClips(std::span(&request, 1), TokenFormat::kFp16)[0]);
    EXPECT_THAT(encoding, testing::IsOk());
    storage::NewUnit unit;
    unit.record.id = id;
    unit.record.item = item;
    unit.record.type = UnitType::kClip;
    unit.record.range = TimeRange{clip.start_ms * 1000, clip.end_ms * 1000};
    unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = encoding->embedding}};
    const auto count = static_cast<int64_t>(frames.size());
    for (int64_t i = 0; clip.with_frame_vectors && i < count; ++i) {
      const int64_t time_us = (clip.start_ms + i * (clip.end_ms - clip.start_ms) / count) * 1000;
      unit.record.vectors.push_back({.frame_time_us = time_us, .embedding = encoding->frames[static_cast<size_t>(i)]});
    }
    if (collection_->config().patch_storage != storage::PatchStorage::kNone) unit.tokens = encoding->patches;
    return unit;
  }
};

/// A collection that calls a hook before it reads patches: a slow disk, or a change in the middle of a search.
class HookedCollection : public storage::Collection, private storage::RecordStore {
 public:
  HookedCollection(storage::Collection& inner, std::function<void()> before_get_tokens)
      : inner_(inner), before_get_tokens_(std::move(before_get_tokens)) {}

  const storage::CollectionConfig& config() const override { return inner_.config(); }
  const storage::RecordStore& records() const override { return *this; }
  Result<storage::AllocatedIds> AllocateIds(uint64_t items, uint64_t units) override {
    return inner_.AllocateIds(items, units);
  }
  Result<Epoch> Commit(const storage::WriteSet& changes) override { return inner_.Commit(changes); }
  std::shared_ptr<const storage::IndexView> View() const override { return inner_.View(); }
  Status ForEachItemAfter(ItemId after, const std::function<bool(const storage::ItemRecord&)>& visit) const override {
    return inner_.ForEachItemAfter(after, visit);
  }
  Result<std::vector<storage::JobRecord>> Jobs() const override { return inner_.Jobs(); }
  Result<storage::CollectionStats> Stats() const override { return inner_.Stats(); }
  storage::IndexOptions index_options() const override { return inner_.index_options(); }
  Status SetIndexOptions(const storage::IndexOptions& options) override { return inner_.SetIndexOptions(options); }
  Status SetTrainingQueries(std::span<const float> queries) override { return inner_.SetTrainingQueries(queries); }
  storage::CollectionSettings settings() const override { return inner_.settings(); }
  Status SetSettings(const storage::CollectionSettings& settings) override { return inner_.SetSettings(settings); }
  Status SealNow(const Limits& limits) override { return inner_.SealNow(limits); }
  Status WaitForBackground(const Limits& limits) override { return inner_.WaitForBackground(limits); }
  Result<storage::RepairReport> Repair(const Limits& limits) override { return inner_.Repair(limits); }
  Result<storage::VerifyReport> Verify(const Limits& limits) const override { return inner_.Verify(limits); }
  Result<storage::SnapshotInfo> Snapshot(const std::filesystem::path& out) const override {
    return inner_.Snapshot(out);
  }

  /// What GetTokens fails with; nothing: it works.
  std::optional<Error> token_error;

 private:
  Result<std::vector<std::optional<storage::ItemRecord>>> GetItems(std::span<const ItemId> ids) const override {
    return inner_.records().GetItems(ids);
  }
  Result<std::vector<std::optional<storage::UnitRecord>>> GetUnits(std::span<const UnitId> ids) const override {
    return inner_.records().GetUnits(ids);
  }
  Result<std::vector<std::optional<TokenMatrix>>> GetTokens(std::span<const UnitId> ids) const override {
    if (before_get_tokens_) before_get_tokens_();
    if (token_error) return tl::unexpected<Error>(*token_error);
    return inner_.records().GetTokens(ids);
  }
  Result<std::vector<std::optional<std::vector<std::byte>>>> GetThumbnails(std::span<const UnitId> ids) const override {
    return inner_.records().GetThumbnails(ids);
  }
  Result<std::optional<ItemId>> FindItem(std::string_view path) const override {
    return inner_.records().FindItem(path);
  }
  Result<std::optional<ItemId>> FindItem(const storage::ContentHash& hash) const override {
    return inner_.records().FindItem(hash);
  }

  storage::Collection& inner_;
  std::function<void()> before_get_tokens_;
};

}  // namespace sightline::query
