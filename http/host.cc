// SPDX-License-Identifier: BSD-3-Clause
#include "http/host.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "query/token_cache.h"
#include "storage/data_folder.h"

namespace sightline::http {

// Shared with the leases: the last of them may still be on its way out when the host has seen that it is gone.
struct Host::Table {
  struct Entry {
    std::shared_ptr<HostedCollection> hosted;
    size_t leases = 0;
    bool dropping = false;
  };

  std::mutex opening;  ///< Held while a collection is opened or made; taken before `mutex`.
  mutable std::mutex mutex;
  std::condition_variable_any released;
  std::map<std::string, Entry, std::less<>> entries;

  void Release(const std::string& name) {
    {
      const std::lock_guard lock(mutex);
      if (const auto found = entries.find(name); found != entries.end()) --found->second.leases;
    }
    released.notify_all();
  }
};

namespace {

std::shared_ptr<encoder::EncoderShare> MakeShare(std::unique_ptr<encoder::Encoder> encoder,
                                                 const encoder::ShareOptions& options) {
  return encoder ? std::make_shared<encoder::EncoderShare>(std::move(encoder), options) : nullptr;
}

// One pool for all collections, however many are open.
query::SearcherOptions WithPool(query::SearcherOptions options) {
  if (!options.patch_pool) options.patch_pool = std::make_shared<query::TokenPool>(options.patch_cache_bytes);
  return options;
}

// Searches of one batch keep jobs waiting from the first call of the encoder to the last.
query::SearchGatherer::BatchSearch MakeBatchSearch(std::shared_ptr<const query::Searcher> searcher,
                                                   std::shared_ptr<encoder::EncoderShare> share) {
  return [searcher = std::move(searcher), share = std::move(share)](std::span<const query::SearchRequest> requests) {
    if (!share) return searcher->Search(requests);
    const encoder::EncoderShare::Pass pass(*share);
    return searcher->Search(requests);
  };
}

tl::unexpected<Error> BeingDropped(std::string_view name) {
  return Fail(ErrorCode::kUnavailable, fmt::format("collection \"{}\" is being dropped", name));
}

}  // namespace

Host::Host(HostOptions options)
    : data_dir_(std::move(options.data_dir)),
      share_(MakeShare(std::move(options.encoder), options.share)),
      storage_options_(options.storage),
      searcher_options_(WithPool(std::move(options.searcher))),
      gather_options_(options.gather),
      on_open_(std::move(options.on_open)),
      table_(std::make_shared<Table>()) {}

Host::~Host() {
  std::map<std::string, Table::Entry, std::less<>> entries;
  std::unique_lock lock(table_->mutex);
  table_->released.wait(lock, [this] {
    return std::all_of(table_->entries.begin(), table_->entries.end(),
                       [](const auto& entry) { return entry.second.leases == 0; });
  });
  std::swap(entries, table_->entries);
  lock.unlock();
}

Result<std::unique_ptr<Host>> Host::Open(HostOptions options) {
  storage::RemoveDroppedCollections(options.data_dir);
  SL_RETURN_IF_ERROR(storage::ListCollections(options.data_dir));
  return std::unique_ptr<Host>(new Host(std::move(options)));
}

// Called with the table's mutex.
std::shared_ptr<HostedCollection> Host::Lease(const std::shared_ptr<HostedCollection>& hosted) const {
  ++table_->entries.find(hosted->name)->second.leases;
  auto release = [table = table_, held = hosted](HostedCollection*) mutable {
    const std::string name = held->name;
    held.reset();
    table->Release(name);
  };
  return {hosted.get(), std::move(release)};
}

// Null when it is not open.
Result<std::shared_ptr<HostedCollection>> Host::FindOpen(std::string_view name) const {
  const std::lock_guard lock(table_->mutex);
  const auto found = table_->entries.find(name);
  if (found == table_->entries.end()) return nullptr;
  if (found->second.dropping) return BeingDropped(name);
  return Lease(found->second.hosted);
}

std::shared_ptr<HostedCollection> Host::Put(std::string_view name, std::unique_ptr<storage::Collection> collection) {
  auto hosted = std::make_shared<HostedCollection>();
  hosted->name = name;
  hosted->share = share_;
  hosted->encoder = encoder();
  hosted->job_encoder = job_encoder();
  hosted->collection = std::move(collection);
  hosted->searcher = std::make_shared<const query::Searcher>(*hosted->collection, hosted->encoder, searcher_options_);
  hosted->gatherer =
      std::make_shared<query::SearchGatherer>(MakeBatchSearch(hosted->searcher, share_), gather_options_);
  const std::lock_guard lock(table_->mutex);
  table_->entries.emplace(name, Table::Entry{.hosted = hosted});
  return Lease(hosted);
}

Result<std::shared_ptr<HostedCollection>> Host::Find(std::string_view name) {
  SL_RETURN_IF_ERROR(storage::CheckCollectionName(name));
  SL_ASSIGN_OR_RETURN(auto open, FindOpen(name));
  if (open) return open;
  std::unique_lock opening(table_->opening);
  SL_ASSIGN_OR_RETURN(open, FindOpen(name));
  if (open) return open;
  auto collection = storage::Collection::Open(storage::CollectionFolder(data_dir_, name), storage_options_);
  if (!collection && collection.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kNotFound, fmt::format("no collection \"{}\"", name));
  }
  if (!collection) return tl::unexpected<Error>(std::move(collection).error());
  open = Put(name, *std::move(collection));
  opening.unlock();
  if (on_open_) on_open_(open->name);
  return open;
}

Result<std::shared_ptr<HostedCollection>> Host::Create(std::string_view name, const storage::CollectionConfig& config,
                                                       const storage::IndexOptions& index) {
  SL_RETURN_IF_ERROR(storage::CheckCollectionName(name));
  const std::lock_guard opening(table_->opening);
  SL_ASSIGN_OR_RETURN(const auto open, FindOpen(name));
  if (open) return Fail(ErrorCode::kAlreadyExists, fmt::format("there is a collection \"{}\" already", name));
  SL_ASSIGN_OR_RETURN(auto collection, storage::Collection::Create(storage::CollectionFolder(data_dir_, name), config,
                                                                   index, storage_options_));
  return Put(name, std::move(collection));
}

Status Host::Drop(std::string_view name, const Limits& limits) {
  SL_ASSIGN_OR_RETURN(auto lease, Find(name));
  std::shared_ptr<HostedCollection> hosted;
  {
    std::unique_lock lock(table_->mutex);
    Table::Entry& entry = table_->entries.find(name)->second;
    if (entry.dropping) return BeingDropped(name);
    entry.dropping = true;
    // Its own lease is the last.
    const auto is_free = [&entry] { return entry.leases == 1; };
    const bool free = limits.deadline == std::chrono::steady_clock::time_point::max()
                          ? table_->released.wait(lock, limits.stop, is_free)
                          : table_->released.wait_until(lock, limits.stop, limits.deadline, is_free);
    if (!free) {
      entry.dropping = false;
      return Fail(ErrorCode::kFailedPrecondition,
                  fmt::format("collection \"{}\" is in use: a job or a search runs", name));
    }
    hosted = std::move(entry.hosted);
  }
  // The entry stays until the files are gone, so that nobody opens what is being removed.
  lease.reset();
  hosted.reset();
  const Status removed = storage::RemoveCollectionFolder(data_dir_, name);
  const std::lock_guard lock(table_->mutex);
  table_->entries.erase(table_->entries.find(name));
  return removed;
}

Result<std::vector<std::string>> Host::Names() const { return storage::ListCollections(data_dir_); }

std::vector<std::shared_ptr<HostedCollection>> Host::OpenOnes() const {
  const std::lock_guard lock(table_->mutex);
  std::vector<std::shared_ptr<HostedCollection>> out;
  for (const auto& [name, entry] : table_->entries) {
    if (!entry.dropping) out.push_back(Lease(entry.hosted));
  }
  return out;
}

}  // namespace sightline::http
