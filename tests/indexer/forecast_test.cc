// SPDX-License-Identifier: BSD-3-Clause
// What a dry run expects of the disk, against what is then stored.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "indexer/indexer.h"
#include "tests/indexer/index_fixture.h"
#include "tests/support/memory_collection.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using storage::PatchStorage;
using testing::FakeEncoder;
using testing::IndexFixture;
using testing::IsOk;
using testing::MemoryCollection;
using testing::TempDir;
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

  // Only the tokens and the heads and keys of their records (30 bytes each) are left out of a collection without
  // patches.
  double ForecastTokenBytes(const IndexInputs& inputs, uint64_t units) {
    return static_cast<double>(ForecastBytes(inputs, PatchStorage::kInt8) - ForecastBytes(inputs, PatchStorage::kNone) -
                               30 * units);
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
  const double forecast = ForecastTokenBytes(inputs, 400);
  EXPECT_LE(encoder_.texts_encoded, 2 * 2 * 32U) << "a sample, twice, in each of two dry runs";
  const double stored = StoredTokenBytes(inputs);
  EXPECT_NEAR(forecast, stored, 0.15 * stored);
}

TEST_F(ForecastTest, PicturesAmongManyCaptionsTakeWhatTheirPatchesTake) {
  WriteManyBmps(fixture_.photos(), "p", 100);
  IndexInputs inputs = WriteCaptions(400);
  inputs.paths = {fixture_.photos()};
  const double forecast = ForecastTokenBytes(inputs, 500);
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
  EXPECT_GT(with_long - with_short, word.size() / 2) << "less than that after compression";
  EXPECT_LE(with_long - with_short, word.size());
}

// Against the folder of a real collection after the run. Beside patches that are small, the rest counts.
class ForecastOnDiskTest : public ::testing::Test {
 protected:
  struct Outcome {
    double forecast = 0;
    double used = 0;
    IndexReport dry_run;
  };

  // A dry run and then the run itself, on a new collection or on that of the last call.
  Outcome Index(const IndexInputs& inputs, PatchStorage patch_storage) {
    fixture_.patch_storage = patch_storage;
    const uint64_t before = BytesOnDisk();
    Outcome outcome;
    {
      auto collection =
          before == 0 ? storage::Collection::Create(folder_, Config()) : storage::Collection::Open(folder_);
      EXPECT_THAT(collection, IsOk());
      fixture_.options.dry_run = true;
      auto forecast = Indexer(**collection, encoder_, fixture_.options).Run(inputs, nullptr, {});
      EXPECT_THAT(forecast, IsOk());
      outcome.dry_run = *std::move(forecast);
      fixture_.options.dry_run = false;
      EXPECT_THAT(Indexer(**collection, encoder_, fixture_.options).Run(inputs, nullptr, {}), IsOk());
    }
    outcome.forecast = static_cast<double>(outcome.dry_run.forecast.bytes_to_store);
    outcome.used = static_cast<double>(BytesOnDisk() - before);
    return outcome;
  }

  static void ExpectWithinTenPerCent(const Outcome& outcome) {
    EXPECT_NEAR(outcome.forecast, outcome.used, 0.1 * outcome.used);
  }

  uint64_t BytesOnDisk() const {
    uint64_t bytes = 0;
    if (!fs::exists(folder_)) return 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (entry.is_regular_file()) bytes += entry.file_size();
    }
    return bytes;
  }

  storage::CollectionConfig Config() const {
    const auto& info = encoder_.info();
    return {info.config.name, info.fingerprint, static_cast<uint32_t>(info.config.embed_dim), fixture_.patch_storage};
  }

  // The sample photos from the `first` to the `last`, counted from 1.
  fs::path Photos(size_t first, size_t last, const std::string& name = "photos") {
    std::vector<fs::path> samples;
    for (const auto& entry : fs::directory_iterator(testing::SourceTree("samples/photos"))) {
      samples.push_back(entry.path());
    }
    std::sort(samples.begin(), samples.end());
    const fs::path folder = scratch_ / name;
    fs::create_directories(folder);
    for (size_t i = first; i <= last; ++i) {
      fs::copy_file(samples.at(i - 1), folder / fmt::format("{}-{}.jpg", name, i), fs::copy_options::skip_existing);
    }
    return folder;
  }

  fs::path Captions(int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      std::string words = "a";
      for (int word = 0; word < 3 + i * 7 % 13; ++word) words += fmt::format(" word{}", (i * 31 + word * 17) % 500);
      lines += fmt::format(R"({{"id": "caption-{}", "text": "{}"}})", i, words) + "\n";
    }
    const fs::path path = scratch_ / "captions.jsonl";
    WriteTestFile(path, lines);
    return path;
  }

  IndexFixture fixture_;
  FakeEncoder encoder_{{.image_res = 32, .patch_size = 2, .dim = 64, .fingerprint = "fake"}};  // 17 kB of patches
  TempDir scratch_;
  const fs::path folder_ = scratch_ / "collection";
};

TEST_F(ForecastOnDiskTest, Pictures) { ExpectWithinTenPerCent(Index({{Photos(1, 60)}}, PatchStorage::kInt8)); }

TEST_F(ForecastOnDiskTest, ASlowMachineLooksAtSixteenPictures) {
  fixture_.options.read_sample_for = std::chrono::seconds(0);
  const Outcome outcome = Index({{Photos(1, 60)}}, PatchStorage::kInt8);
  EXPECT_EQ(outcome.dry_run.forecast.files_to_encode, 60U);
  EXPECT_NEAR(outcome.forecast, outcome.used, 0.2 * outcome.used);
}

TEST_F(ForecastOnDiskTest, PicturesWithFp16Patches) {
  ExpectWithinTenPerCent(Index({{Photos(1, 60)}}, PatchStorage::kFp16));
}

TEST_F(ForecastOnDiskTest, PicturesWithoutPatches) {
  ExpectWithinTenPerCent(Index({{Photos(1, 60)}}, PatchStorage::kNone));
}

TEST_F(ForecastOnDiskTest, ManySmallPictures) {
  const fs::path folder = scratch_ / "small";
  fs::create_directories(folder);
  WriteManyBmps(folder, "p", 2000);
  ExpectWithinTenPerCent(Index({{folder}}, PatchStorage::kNone));
}

TEST_F(ForecastOnDiskTest, Captions) {
  ExpectWithinTenPerCent(Index({.paths = {}, .captions = {Captions(2000)}}, PatchStorage::kInt8));
}

TEST_F(ForecastOnDiskTest, CaptionsWithoutTokenStates) {
  ExpectWithinTenPerCent(Index({.paths = {}, .captions = {Captions(2000)}}, PatchStorage::kNone));
}

TEST_F(ForecastOnDiskTest, Videos) {
  for (const PatchStorage patch_storage : {PatchStorage::kInt8, PatchStorage::kNone}) {
    fs::remove_all(folder_);
    const Outcome outcome = Index({{testing::SourceTree("samples/videos")}}, patch_storage);
    ExpectWithinTenPerCent(outcome);
    EXPECT_EQ(outcome.dry_run.forecast.files_to_encode, 8U);
  }
}

TEST_F(ForecastOnDiskTest, WhatIsAddedToACollectionThatIsThere) {
  Index({{Photos(1, 20)}}, PatchStorage::kInt8);
  const Outcome outcome = Index({{Photos(21, 90)}}, PatchStorage::kInt8);
  EXPECT_EQ(outcome.dry_run.forecast.files_to_encode, 70U);
  ExpectWithinTenPerCent(outcome);
}

TEST_F(ForecastOnDiskTest, ContentThatIsThereUnderOtherNamesTakesNothing) {
  Index({{Photos(1, 30)}}, PatchStorage::kInt8);
  const Outcome outcome = Index({{Photos(1, 60, "copies")}}, PatchStorage::kInt8);
  EXPECT_EQ(outcome.dry_run.forecast.files_to_encode, 30U);
  ExpectWithinTenPerCent(outcome);
}

TEST_F(ForecastOnDiskTest, AllTogether) {
  ExpectWithinTenPerCent(
      Index({.paths = {Photos(1, 40), testing::SourceTree("samples/videos")}, .captions = {Captions(500)}},
            PatchStorage::kInt8));
}

}  // namespace
}  // namespace sightline::indexer
