// SPDX-License-Identifier: BSD-3-Clause
// What a dry run expects of the disk, against what is then stored.
#include <cstdint>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "indexer/indexer.h"
#include "tests/indexer/index_fixture.h"
#include "tests/support/memory_collection.h"

namespace sightline::indexer {
namespace {

using storage::PatchStorage;
using testing::FakeEncoder;
using testing::IndexFixture;
using testing::IsOk;
using testing::MemoryCollection;
using testing::WriteManyBmps;
using testing::WriteTestFile;

class ForecastTest : public ::testing::Test {
 protected:
  // Captions of one to nine words.
  IndexInputs WriteCaptions(int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      std::string words = fmt::format("w{}", i);
      for (int word = 0; word < i * 7 % 9; ++word) words += " and";
      lines += fmt::format(R"({{"id": "{}", "text": "{}"}})", i, words) + "\n";
    }
    WriteTestFile(captions(), lines);
    return {.paths = {}, .captions = {captions()}};
  }

  std::unique_ptr<MemoryCollection> NewCollection(PatchStorage patch_storage) {
    fixture_.patch_storage = patch_storage;
    auto made = MemoryCollection::Create(fixture_.config());
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }

  IndexReport Run(MemoryCollection& collection, const IndexInputs& inputs, bool dry_run) {
    fixture_.options.dry_run = dry_run;
    auto report = Indexer(collection, encoder_, fixture_.options).Run(inputs, nullptr, {});
    EXPECT_THAT(report, IsOk());
    return report ? *std::move(report) : IndexReport{};
  }

  uint64_t ForecastBytes(const IndexInputs& inputs, PatchStorage patch_storage) {
    return Run(*NewCollection(patch_storage), inputs, /*dry_run=*/true).forecast.bytes_to_store;
  }

  // Only the tokens are left out of a collection without patches.
  double ForecastTokenBytes(const IndexInputs& inputs) {
    return static_cast<double>(ForecastBytes(inputs, PatchStorage::kInt8) - ForecastBytes(inputs, PatchStorage::kNone));
  }

  double StoredTokenBytes(const IndexInputs& inputs) {
    const auto collection = NewCollection(PatchStorage::kInt8);
    Run(*collection, inputs, /*dry_run=*/false);
    double bytes = 0;
    EXPECT_THAT(collection->ForEachItem([&](const storage::ItemRecord& item) {
      const auto tokens = collection->records().GetTokens(item.units);
      for (const auto& unit : *tokens) bytes += static_cast<double>(unit.value().size_bytes());
      return true;
    }),
                IsOk());
    return bytes;
  }

  std::string captions() const { return fixture_.photo("captions.jsonl").string(); }

  IndexFixture fixture_;
  FakeEncoder encoder_{{.image_res = 16}};  // a picture has 65 patches, a caption 2 to 10 token states
};

TEST_F(ForecastTest, CaptionsTakeWhatTheirOwnTokensTake) {
  const IndexInputs inputs = WriteCaptions(400);
  const double forecast = ForecastTokenBytes(inputs);
  EXPECT_LE(encoder_.texts_encoded, 2 * 2 * 32U) << "a sample, twice, in each of two dry runs";
  const double stored = StoredTokenBytes(inputs);
  EXPECT_NEAR(forecast, stored, 0.15 * stored);
}

TEST_F(ForecastTest, PicturesAmongManyCaptionsTakeWhatTheirPatchesTake) {
  WriteManyBmps(fixture_.photos(), "p", 100);
  IndexInputs inputs = WriteCaptions(400);
  inputs.paths = {fixture_.photos()};
  const double forecast = ForecastTokenBytes(inputs);
  EXPECT_GT(encoder_.images_encoded, 0U);
  const double stored = StoredTokenBytes(inputs);
  EXPECT_GT(stored, 100 * 65 * 12);
  EXPECT_NEAR(forecast, stored, 0.1 * stored);
}

TEST_F(ForecastTest, TheWordsOfCaptionsAreStoredToo) {
  const std::string word(1'000, 'x');
  WriteTestFile(captions(), R"({"id": "a", "text": "x"})");
  const uint64_t with_short = ForecastBytes({.paths = {}, .captions = {captions()}}, PatchStorage::kInt8);
  WriteTestFile(captions(), fmt::format(R"({{"id": "a", "text": "{}"}})", word));
  const uint64_t with_long = ForecastBytes({.paths = {}, .captions = {captions()}}, PatchStorage::kInt8);
  EXPECT_EQ(with_long - with_short, word.size() - 1);
}

}  // namespace
}  // namespace sightline::indexer
