// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "indexer/indexer.h"
#include "storage/collection.h"
#include "tests/indexer/test_pictures.h"
#include "tests/support/fake_encoder.h"
#include "tests/support/test_support.h"

namespace sightline::testing {

/// What a collection holds of one item, without ids and times: what two ways of indexing must agree on.
struct StoredItem {
  std::vector<std::string> paths;  ///< File names, in the order of the item.
  storage::ContentHash hash{};
  int width = 0;
  int height = 0;
  std::vector<Embedding> embeddings;  ///< One per unit.
  std::vector<std::optional<TokenMatrix>> tokens;
  std::vector<size_t> thumbnail_bytes;
  Metadata metadata;

  friend bool operator==(const StoredItem&, const StoredItem&) = default;
};

/// Everything in the collection, by the first file name. Fails the test when it cannot be read.
std::map<std::string, StoredItem> Contents(const storage::Collection& collection);

/// Keeps what it hears.
class RecordingObserver : public indexer::IndexObserver {
 public:
  void OnProgress(const indexer::IndexProgress& progress) override { reports.push_back(progress); }
  void OnFileError(const storage::JobError& error) override { errors.push_back(error); }
  void OnNote(const indexer::IndexNote& note) override { notes.push_back(note); }

  std::vector<indexer::IndexProgress> reports;
  std::vector<storage::JobError> errors;
  std::vector<indexer::IndexNote> notes;
};

/// A folder of generated pictures, a fake encoder and a collection for it.
class IndexFixture {
 public:
  IndexFixture();

  std::filesystem::path photos() const { return photos_; }
  std::filesystem::path photo(const std::string& name) const { return photos_ / name; }
  storage::CollectionConfig config() const;

  /// Indexes the folder, or `paths`.
  Result<indexer::IndexReport> Index(storage::Collection& collection, std::vector<std::filesystem::path> paths = {},
                                     std::stop_token stop = {});

  /// Waits until the files are old enough for their times to be trusted.
  static void Settle() { std::this_thread::sleep_for(std::chrono::milliseconds(120)); }

  FakeEncoder encoder;
  RecordingObserver observer;
  indexer::IndexOptions options;
  storage::PatchStorage patch_storage = storage::PatchStorage::kInt8;

 private:
  TempDir dir_;
  std::filesystem::path photos_;
};

/// The item that has this path. Fails the test when there is none.
storage::ItemRecord ItemAt(const storage::Collection& collection, const std::filesystem::path& path);
bool HasPath(const storage::Collection& collection, const std::filesystem::path& path);

/// Matches the failure of `path` whose reason contains `reason`.
inline auto ErrorAt(const std::filesystem::path& path, const std::string& reason) {
  return ::testing::AllOf(::testing::Field(&storage::JobError::path, path.string()),
                          ::testing::Field(&storage::JobError::reason, ::testing::HasSubstr(reason)));
}

/// Every file in exactly one counter.
void ExpectExactAccounts(const indexer::IndexProgress& progress);
/// The collection agrees with itself.
void ExpectSound(const storage::Collection& collection);

}  // namespace sightline::testing
