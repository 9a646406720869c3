// SPDX-License-Identifier: BSD-3-Clause
#include "tests/indexer/index_fixture.h"

#include <span>

namespace sightline::testing {

using indexer::IndexReport;
using storage::Collection;

std::map<std::string, StoredItem> Contents(const Collection& collection) {
  std::vector<storage::ItemRecord> items;
  EXPECT_THAT(collection.ForEachItem([&](const storage::ItemRecord& item) {
    items.push_back(item);
    return true;
  }),
              IsOk());
  std::map<std::string, StoredItem> out;
  for (const storage::ItemRecord& item : items) {
    StoredItem stored{{}, item.hash, item.width, item.height, {}, {}, {}, item.metadata};
    for (const auto& path : item.paths) {
      stored.paths.push_back(std::filesystem::path(path.path).filename().string());
    }
    const auto units = collection.records().GetUnits(item.units);
    const auto tokens = collection.records().GetTokens(item.units);
    const auto thumbnails = collection.records().GetThumbnails(item.units);
    EXPECT_THAT(units, IsOk());
    EXPECT_THAT(tokens, IsOk());
    EXPECT_THAT(thumbnails, IsOk());
    for (const auto& unit : *units) stored.embeddings.push_back(unit.value().vectors.at(0).embedding);
    stored.tokens = *tokens;
    for (const auto& thumbnail : *thumbnails) stored.thumbnail_bytes.push_back(thumbnail ? thumbnail->size() : 0);
    const std::string key = stored.paths.at(0);
    EXPECT_TRUE(out.emplace(key, std::move(stored)).second) << "two items at " << key;
  }
  return out;
}

IndexFixture::IndexFixture() : photos_(std::filesystem::canonical(dir_.path()) / "photos") {
  std::filesystem::create_directory(photos_);
  options.encode_batch = 4;
  options.decode_threads = 2;
  options.read_sample_for = options.scan_sample_for = std::chrono::hours(1);  // Whatever the machine, all of it.
}

storage::CollectionConfig IndexFixture::config() const {
  const auto& info = encoder.info();
  return {info.config.name, info.fingerprint, static_cast<uint32_t>(info.config.embed_dim), patch_storage};
}

Result<IndexReport> IndexFixture::Index(Collection& collection, std::vector<std::filesystem::path> paths,
                                        std::stop_token stop) {
  if (paths.empty()) paths.push_back(photos_);
  observer = {};
  return indexer::Indexer(collection, encoder, options).Run({std::move(paths)}, &observer, std::move(stop));
}

bool HasPath(const Collection& collection, const std::filesystem::path& path) {
  const auto id = collection.records().FindItem(path.string());
  EXPECT_THAT(id, IsOk());
  return id->has_value();
}

storage::ItemRecord ItemAt(const Collection& collection, const std::filesystem::path& path) {
  const auto id = collection.records().FindItem(path.string());
  if (!id || !*id) {
    ADD_FAILURE() << "no item at " << path;
    return {};
  }
  const auto items = collection.records().GetItems(std::span(&**id, 1));
  EXPECT_THAT(items, IsOk());
  return items->at(0).value();
}

void ExpectExactAccounts(const indexer::IndexProgress& progress) {
  EXPECT_EQ(progress.files_found, progress.done());
  EXPECT_TRUE(progress.scan_done);
}

void ExpectSound(const Collection& collection) {
  const auto report = collection.Verify({});
  ASSERT_THAT(report, IsOk());
  for (const auto& finding : report->findings) ADD_FAILURE() << finding.what;
}

}  // namespace sightline::testing
